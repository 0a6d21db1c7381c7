"""voiceform: infrastructure as code for the Twilio Voice API."""

__version__ = "0.1.0"
