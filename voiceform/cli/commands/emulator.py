"""`voiceform emulator`: a stand-in for the Twilio Voice API on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Place
from voiceform.model.errors import MissingExtraError, UsageError, VoiceformError
from voiceform.model.exit_codes import ExitCode


@click.command("emulator")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True)
@click.option("--db", type=Place(path_type=Path, dir_okay=False), help="Keep everything in this file.")
@click.option(
    "--seed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Start with the objects of this file; - is stdin.",
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
@click.option(
    "--calls-per-second",
    type=float,
    default=1.0,
    show_default=True,
    metavar="N",
    help="How fast queued calls are dialled.",
)
@click.option(
    "--verified",
    "verified_numbers",
    multiple=True,
    metavar="NUMBER",
    help="Let calls come from this number only; may be repeated.",
)
@click.pass_obj
def command(app: App, /, **options: Any) -> int:  # noqa: ANN401 - the options are EmulatorSettings' fields
    """Serve the Twilio Voice API over HTTP, with an inspector at /_emulator/."""
    from voiceform.emulator import ControlError, EmulatorSettings, serve

    for name in ("db", "seed"):
        if options[name] is not None:
            piped = options[name] == Path("-")
            options[name] = Path("/dev/stdin") if piped else app.path(options[name])
    options["verified_numbers"] = tuple(_number(text) for text in options["verified_numbers"])
    try:
        serve(EmulatorSettings(**options))
    except ModuleNotFoundError as error:
        raise MissingExtraError("the emulator", "emulator") from error
    except ValueError as error:
        raise UsageError(str(error)) from error
    except ControlError as error:
        raise VoiceformError(
            f"the emulator cannot start: {error}", hint="correct that file, or leave --seed or --db away"
        ) from error
    except OSError as error:
        where = f"{options['host']} port {options['port']}"
        raise VoiceformError(
            f"the emulator cannot listen on {where}: {error.strerror or error}",
            hint="choose another --port, or 0 for one that is free",
        ) from error
    return ExitCode.DONE


def _number(text: str) -> str:
    """A number as the emulator compares it: E.164."""
    from voiceform.emulator.calls.numbers import normalize

    number = normalize(text)
    if number is None:
        raise UsageError(f"--verified {text}: not a phone number; write it as +15017122661")
    return number
