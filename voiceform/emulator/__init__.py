"""A stand-in for the Twilio Voice API over real HTTP, for tests, demonstrations and development.

    with Emulator() as emulator:
        client = twilio.rest.Client(account_sid, "any token")
        client.api.base_url = emulator.url

Importing this package needs nothing beyond what voiceform itself does; starting a server needs the extra
``emulator`` (``ModuleNotFoundError`` otherwise).
"""

from voiceform.emulator.errors import ControlError
from voiceform.emulator.server import Emulator, serve
from voiceform.emulator.settings import EmulatorSettings, ProfileName, Switches

__all__ = ["ControlError", "Emulator", "EmulatorSettings", "ProfileName", "Switches", "serve"]
