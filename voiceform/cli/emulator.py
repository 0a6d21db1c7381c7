"""`voiceform emulator`: a stand-in for the Twilio Voice API on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from voiceform.model.errors import MissingExtraError, UsageError, VoiceformError


@click.command("emulator")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True)
@click.option("--db", type=click.Path(path_type=Path, dir_okay=False), help="Keep everything in this file.")
@click.option(
    "--seed", type=click.Path(path_type=Path, dir_okay=False), help="Start with the objects of this file."
)
@click.option(
    "--profile",
    type=click.Choice(["twilio", "openapi"]),
    default="twilio",
    show_default=True,
    help="Answer as the real service does, or to the letter of the OpenAPI document.",
)
@click.option("--auth", metavar="SID:TOKEN", help="Accept these credentials only.")
@click.option("--latency", "latency_ms", type=float, default=0.0, metavar="MS", help="Added to each request.")
@click.option("--max-concurrent", type=int, metavar="N", help="Answer 429 beyond N requests in flight.")
def command(**options: Any) -> int:  # noqa: ANN401 - the options are EmulatorSettings' fields
    """Serve the 20 operations of the Twilio Voice API over HTTP, with an inspector at /_emulator/."""
    from voiceform.emulator import ControlError, EmulatorSettings, serve

    try:
        serve(EmulatorSettings(**options))
    except ModuleNotFoundError as error:
        raise MissingExtraError("the emulator", "emulator") from error
    except ValueError as error:
        raise UsageError(str(error)) from error
    except (OSError, ControlError) as error:
        raise VoiceformError(
            f"the emulator cannot start: {error}", hint="choose another --port, --db or --seed"
        ) from error
    return 0
