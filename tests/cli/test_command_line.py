"""How commands are called: global options on either side, names that are nearly right, help, completion."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.support import Result, Stack
from voiceform.cli.app import cli, main
from voiceform.cli.support.global_options import GlobalOption
from voiceform.cli.support.invocation import App
from voiceform.cli.table import COMMANDS
from voiceform.model.clock import SystemClock


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and subcommand, with its name as it is typed."""
    context = cli.make_context("voiceform", ["plan"], obj=App(environ={}, clock=SystemClock()))

    def below(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield f"{before}{name}", command
            if isinstance(command, click.Group):
                yield from below(command, f"{before}{name} ")

    yield from below(cli, "")


def run(stack: Stack, *argv: str) -> Result:
    """As stack.run, without the -C that it puts in front."""
    stack._capsys.readouterr()
    code = main([*argv], environ=stack.environ)
    captured = stack._capsys.readouterr()
    return Result(code, captured.out, captured.err)


def test_every_global_option_is_taken_behind_every_command() -> None:
    wanted = {parameter.key for parameter in cli.params if isinstance(parameter, GlobalOption)}
    for name, command in commands():
        entry = COMMANDS[name.split()[0]]
        taken = {parameter.key for parameter in command.params if isinstance(parameter, GlobalOption)}
        assert taken >= (wanted if entry.globals is None else set(entry.globals)), name


def test_no_spelling_means_two_things() -> None:
    for name, command in commands():
        spellings = [spelling for parameter in command.params for spelling in parameter.opts]
        assert len(spellings) == len(set(spellings)), name


def test_folder_files_and_state_behind_the_command(stack: Stack) -> None:
    stack.write("queues: {a: {max_size: 1}}\n", "stack/one.yaml")
    stack.write("queues: {b: {max_size: 1}}\n", "stack/two.yaml")
    folder, state = str(stack.folder / "stack"), f"sqlite:///{stack.folder}/other.db"
    done = run(
        stack, "-f", "one.yaml", "apply", "--auto-approve", "-C", folder, "-f", "two.yaml", "--state", state
    )
    assert done.code == 0, done.err
    assert set(stack.account.queues()) == {"a", "b"}
    assert (stack.folder / "other.db").exists()
    listed = run(stack, "state", "list", "--state", state)
    assert [line.split()[0] for line in listed.out.splitlines()] == ["queue.a", "queue.b"]
    assert run(stack, "state", "--state", state, "list").out == listed.out


def test_what_is_said_last_counts(stack: Stack) -> None:
    stack.queues(a=1)
    folder = str(stack.folder)
    assert run(stack, "-C", "/nowhere", "validate", "-C", folder).code == 0
    assert run(stack, "-C", folder, "validate", "-C", "/nowhere").code != 0
    colourful = run(stack, "--color=never", "plan", "-C", folder, "--color=always")
    assert "\x1b[" in colourful.out


def test_an_address_of_the_api_behind_the_command_replaces_the_variable(stack: Stack) -> None:
    stack.queues(a=1)
    url = stack.environ.pop("VOICEFORM_BASE_URL")
    stack.environ["VOICEFORM_BASE_URL"] = ""
    assert "the base URL is empty" in stack.run("plan").err
    assert stack.run("plan", "--base-url", url).code == 0
    assert "the base URL is empty" in stack.run("plan", "--base-url", "").err


@pytest.mark.parametrize("argv", [("-f", "", "plan"), ("plan", "-f", "")])
def test_an_empty_file_is_refused_on_either_side(stack: Stack, argv: tuple[str, ...]) -> None:
    assert stack.run(*argv).err.startswith("Error: -f is empty")
    assert "--timeout" in stack.run("plan", "--timeout", "soon").err


@pytest.mark.parametrize(
    ("argv", "meant"),
    [
        (("pln",), "'plan'"),
        (("aply",), "'apply'"),
        (("PLAN",), "'plan'"),
        (("state", "lst"), "'list'"),
        (("calls", "resolv"), "'resolve'"),
        (("help", "destory"), "'destroy'"),
        (("help", "lock", "brake"), "'break'"),
        (("plan", "--targt", "x"), "'--target'"),
        (("plan", "--stat", "x"), "'--state'"),
    ],
)
def test_a_name_that_is_nearly_right(stack: Stack, argv: tuple[str, ...], meant: str) -> None:
    done = stack.run(*argv)
    assert done.code == 64
    assert "Did you mean" in done.err
    assert meant in done.err


def test_a_name_that_is_nothing_like_it(stack: Stack) -> None:
    assert "No such command 'zzzzzz'.\n" in stack.run("zzzzzz").err
    assert "has no commands of its own" in stack.run("help", "plan", "x").err


def test_help_is_that_of_the_command(stack: Stack) -> None:
    for argv in (("plan",), ("state", "show"), ("prune", "verify"), ()):
        assert stack.ok("help", *argv).out.split() == stack.ok(*argv, "--help").out.split()


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_help_cuts_nothing_and_names_its_variables(stack: Stack, name: str | None) -> None:
    text = stack.ok(*([name] if name else []), "--help").out
    assert "..." not in text.replace("[ARGS]...", "").replace("]...", "").replace(
        "config, plan, state, ...", ""
    )
    if name is None or COMMANDS[name].globals is None:
        assert "VOICEFORM_STATE" in text
        assert "--state URL" in text
    if name is None:
        for entry in COMMANDS.values():
            assert f"  {entry.name.ljust(10)}  {entry.summary}\n" in text


def complete(stack: Stack, shell: str, line: str) -> list[str]:
    """What the shell's own function is given for a line whose last word is not finished."""
    words = line.split(" ")
    environ = {
        **stack.environ,
        "PATH": "/usr/bin:/bin",
        "_VOICEFORM_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line if shell != "fish" else " ".join(words[:-1]),
        "COMP_CWORD": str(len(words) - 1) if shell != "fish" else words[-1],
    }
    done = subprocess.run(
        [sys.executable, "-m", "voiceform"],
        cwd=stack.folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if line]
    if shell == "zsh":
        return lines[1::3]
    return [line.partition(",")[2].partition("\t")[0] for line in lines]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_shells_offer(stack: Stack, shell: str) -> None:
    stack.queues(gone=1, support=1)
    stack.apply()
    stack.queues(sales=1, support=1)
    assert complete(stack, shell, "voiceform pl") == ["plan"]
    assert complete(stack, shell, "voiceform plan --target queue.s") == ["queue.sales", "queue.support"]
    assert complete(stack, shell, "voiceform state show ") == ["queue.gone", "queue.support"]
    assert complete(stack, shell, "voiceform twiml queue.sa") == ["queue.sales"]
    assert complete(stack, shell, "voiceform schema conf") == ["config"]
    assert complete(stack, shell, "voiceform plan --sta") == ["--stack", "--state"]
    assert len(complete(stack, shell, "voiceform undo ")) == 1
    assert complete(stack, shell, "voiceform --color ne") == ["never"]
    assert complete(stack, shell, "voiceform queues ") == ["queue.gone", "queue.sales", "queue.support"]
    assert complete(stack, shell, "voiceform help pla") == ["plan"]
    assert complete(stack, shell, "voiceform help lock b") == ["break"]
    assert "delete:queue=" in complete(stack, shell, "voiceform apply --approve del")


@pytest.mark.parametrize("where", ["voiceform -C {} plan --target ", "voiceform plan -C {} --target "])
def test_what_shells_offer_for_another_folder(stack: Stack, tmp_path: Path, where: str) -> None:
    stack.write("queues: {elsewhere: {max_size: 1}}\n", "deep/voiceform.yaml")
    assert complete(stack, "bash", where.format(stack.folder / "deep")) == ["queue.elsewhere"]


def test_what_cannot_be_read_offers_nothing(stack: Stack) -> None:
    stack.write("version: 1\nqueues: [\n")
    stack.environ["VOICEFORM_STATE"] = "mysql://nowhere"
    for line in ("voiceform plan --target ", "voiceform undo ", "voiceform --timeout soon state rm "):
        assert complete(stack, "bash", line) == []


@pytest.mark.parametrize("command", ["validate", "plan", "drift"])
@pytest.mark.parametrize("size", [20, 0])
def test_the_search_for_garbage_goes_on_behind_a_command(command: str, size: int, stack: Stack) -> None:
    stack.queues(support=size)
    stack.run(command)
    assert gc.isenabled()
    gc.disable()
    try:
        stack.run(command)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_choices_are_listed_line_by_line(stack: Stack) -> None:
    told = stack.run("completion").err
    assert told.endswith("Choose from:\n  bash,\n  zsh,\n  fish\n")


def test_a_duration_of_nothing_is_told_why_it_is_none(stack: Stack) -> None:
    refused = stack.run("--timeout", "0s", "plan")
    assert refused.code == 64
    assert "one whole number, not 0," in refused.err
