"""Files of a configuration that a link leads elsewhere: a pull request may have made it, and lines of what is
wrong are shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import Stack

SECRET = "hunter2trulysecret"
ELSEWHERE = {
    "netrc": f"machine foo login bob password {SECRET}\n",
    "keys": f"{SECRET}: 1\n",
    "values": f"version: {SECRET}\n",
    "nothing": None,
}


def in_place(stack: Stack, target: Path) -> tuple[str, ...]:
    (stack.folder / "voiceform.yaml").symlink_to(target)
    return ("validate",)


def named(stack: Stack, target: Path) -> tuple[str, ...]:
    (stack.folder / "voiceform.yaml").symlink_to(target)
    return ("-f", "voiceform.yaml", "validate")


def by_its_whole_name(stack: Stack, target: Path) -> tuple[str, ...]:
    (stack.folder / "voiceform.yaml").symlink_to(target)
    return ("-f", str(stack.folder / "voiceform.yaml"), "validate")


def in_a_folder(stack: Stack, target: Path) -> tuple[str, ...]:
    stack.write("queues: {}", "conf/a.yaml")
    (stack.folder / "conf/b.yaml").symlink_to(target)
    return ("-f", "conf", "validate")


def below_a_link(stack: Stack, target: Path) -> tuple[str, ...]:
    (stack.folder / "conf").symlink_to(target.parent)
    return ("-f", f"conf/{target.name}", "validate")


def beside_the_stack(stack: Stack, target: Path) -> tuple[str, ...]:
    (stack.folder / "base").mkdir()
    (stack.folder / "base/common.yaml").symlink_to(target)
    (stack.folder / "stack").mkdir()
    return ("-C", str(stack.folder / "stack"), "-f", "../base/common.yaml", "validate")


def an_overlay(stack: Stack, target: Path) -> tuple[str, ...]:
    stack.write("queues: {}")
    (stack.folder / "over.yaml").symlink_to(target)
    return ("--overlay", "over.yaml", "validate")


def a_base(stack: Stack, target: Path) -> tuple[str, ...]:
    stack.write("queues: {}")
    (stack.folder / "old").mkdir()
    (stack.folder / "old/voiceform.yaml").symlink_to(target)
    return ("plan", "--base", "old/voiceform.yaml")


def a_fleet(stack: Stack, target: Path) -> tuple[str, ...]:
    (stack.folder / "fleet.yaml").symlink_to(target)
    return ("fleet", "list")


def a_stack_of_a_fleet(account: str, path: str) -> Callable[[Stack, Path], tuple[str, ...]]:
    def made(stack: Stack, target: Path) -> tuple[str, ...]:
        said = f"account: AC{'1' * 32}" if account else "labels: {}"
        stack.write(
            f"credentials: {{token: {{env: T}}}}\nstacks: [{{name: acme, path: {path}, {said}}}]\n",
            "fleet.yaml",
        )
        (stack.folder / "acme").mkdir()
        (stack.folder / "acme/voiceform.yaml").symlink_to(target)
        return ("fleet", "validate")

    made.__name__ = f"a_stack_of_a_fleet {account} {path}"
    return made


def a_test(stack: Stack, target: Path) -> tuple[str, ...]:
    stack.write("queues: {}")
    (stack.folder / "tests").mkdir()
    (stack.folder / "tests/a.voiceform.yaml").symlink_to(target)
    return ("test",)


def a_stack_that_is_tested(stack: Stack, target: Path) -> tuple[str, ...]:
    (stack.folder / "voiceform.yaml").symlink_to(target)
    stack.write("cases: [{name: a, when: [plan], expect: {calls: []}}]\n", "tests/a.voiceform.yaml")
    return ("test",)


LED_ASTRAY = [
    in_place,
    named,
    by_its_whole_name,
    in_a_folder,
    below_a_link,
    beside_the_stack,
    an_overlay,
    a_base,
    a_fleet,
    *(
        a_stack_of_a_fleet(account, path)
        for account in ("", "own")
        for path in ("acme", "acme/voiceform.yaml")
    ),
    a_test,
    a_stack_that_is_tested,
]


@pytest.mark.parametrize("content", ELSEWHERE)
@pytest.mark.parametrize("led", LED_ASTRAY, ids=lambda led: led.__name__)
def test_nothing_is_said_of_a_file_elsewhere(
    led: Callable[[Stack, Path], tuple[str, ...]],
    content: str,
    stack: Stack,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Not even whether it is there."""
    target = tmp_path_factory.mktemp("elsewhere") / "file.yaml"
    text = ELSEWHERE[content]
    if text is not None:
        target.write_text(text, encoding="utf-8")
    done = stack.run(*led(stack, target))
    told = " ".join((done.out + done.err).split())
    assert done.code != 0
    assert "outside its folder" in told or "outside the folder of the fleet file" in told
    assert SECRET not in told


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le"])
@pytest.mark.parametrize("option", ["--env-file", "-f", "--overlay"])
def test_no_line_is_shown_of_what_nobody_can_read(stack: Stack, option: str, encoding: str) -> None:
    """With NULs between its letters no key looks like that of a secret."""
    stack.write("queues: {}")
    text = f"TOKEN={SECRET}\n" if option == "--env-file" else f"auth_token: {SECRET}\n"
    (stack.folder / "odd.yaml").write_bytes(text.encode(encoding))
    done = stack.run(option, "odd.yaml", "validate")
    assert done.code == 1
    assert "odd.yaml:1:" in done.err
    assert SECRET not in (done.out + done.err).replace("\\x00", "").replace("\0", "")


@pytest.mark.parametrize("led", LED_ASTRAY[:6], ids=lambda led: led.__name__)
def test_what_lies_in_a_folder_that_is_allowed_is_meant(
    led: Callable[[Stack, Path], tuple[str, ...]], stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    target = tmp_path_factory.mktemp("elsewhere") / "file.yaml"
    target.write_text("version: 1\nqueues: {support: {}}\n", encoding="utf-8")
    argv = led(stack, target)
    assert stack.run(*argv).code == 1
    stack.ok("--allow-path", str(target.parent), *argv)
    stack.environ["VOICEFORM_ALLOW_PATH"] = str(target.parent)
    stack.ok(*argv)


def test_links_that_stay_in_the_folder_are_followed(stack: Stack) -> None:
    """As those of a ConfigMap of Kubernetes, and of a shared part."""
    stack.write("queues: {support: {}}", "..data/voiceform.yaml")
    (stack.folder / "voiceform.yaml").symlink_to("..data/voiceform.yaml")
    stack.write("queues: {sales: {}}", "parts/a.yaml")
    (stack.folder / "conf").symlink_to("parts")
    assert "2 objects" in stack.ok("-f", "voiceform.yaml", "-f", "conf", "validate").out
    whole = stack.folder.parent / "current"
    whole.symlink_to(stack.folder)
    stack.ok("-C", str(whole), "validate")
    stack.ok("-f", str(whole / "parts"), "validate")


def test_a_test_leaves_what_a_link_leads_to_as_it_is(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("elsewhere") / "people.csv"
    outside.write_text("phone\n", encoding="utf-8")
    written = outside.stat()
    (stack.folder / "people.csv").symlink_to(outside)
    stack.write("queues: {support: {}}")
    stack.write("cases: [{name: a, when: [plan], expect: {calls: []}}]\n", "tests/a.voiceform.yaml")
    assert "1 passed" in stack.ok("test").out
    assert outside.stat() == written
