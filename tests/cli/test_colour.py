"""Whether output is coloured."""

from __future__ import annotations

import pytest

from tests.support import Stack
from voiceform.cli.support.colour import Colour, coloured


@pytest.mark.parametrize(
    ("argv", "environ", "wanted"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        (("--color=always",), {"NO_COLOR": "1", "TERM": "dumb"}, True),
        (("--color=never",), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "3", "TERM": "dumb"}, True),
        ((), {"FORCE_COLOR": "0"}, False),
        ((), {"FORCE_COLOR": ""}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
)
def test_what_is_no_terminal(
    stack: Stack, argv: tuple[str, ...], environ: dict[str, str], wanted: bool
) -> None:
    stack.queues(support=10)
    plan = stack.run(*argv, "plan", environ={**stack.environ, **environ})
    assert ("\x1b[" in plan.out) is wanted
    error = stack.run(*argv, "apply", environ={**stack.environ, **environ})
    assert ("\x1b[" in error.err) is wanted


def test_a_stream_that_is_not_there_has_no_colour() -> None:
    assert not coloured(Colour.AUTO, {}, None)
