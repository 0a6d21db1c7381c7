"""The client of the Twilio Voice API: the only part of voiceform that speaks HTTP."""
