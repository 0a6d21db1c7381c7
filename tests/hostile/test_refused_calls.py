"""A refusal that is not about the person called settles nobody's call and stops the schedule for now."""

from __future__ import annotations

import pytest

from tests.cli.calling import OTHER, TO, Timeline, after, calls
from tests.hostile.answers import FOREIGN_REFUSALS, NOT_LET_THROUGH, twilio_error
from tests.hostile.proxy import hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import answer

THIRD = "+12125550103"
LIST = [TO, OTHER, THIRD]
BEFORE = after(hours=-3)

ABOUT_US = {
    "credentials": twilio_error(401, 20003),
    "not allowed": twilio_error(403, 20403),
    "permission of a restricted key": twilio_error(403, 70051),
    "account not active": twilio_error(400, 20005),
    "method not allowed": twilio_error(405, 20004),
    "body too large": twilio_error(413, 20413),
    "caller not verified": twilio_error(400, 21210),
    "caller malformed": twilio_error(400, 21212),
    "no url": twilio_error(400, 21205),
    "bad application": twilio_error(400, 21218),
    "bad callback": twilio_error(400, 21609),
    "bad timeout": twilio_error(400, 21208),
    "call queue full": twilio_error(400, 22005),
    "a parameter": twilio_error(422, 20422),
    "a code that nobody documented": twilio_error(400, 99999),
    "no such account": twilio_error(404, 20404),
    "too many requests for ever": twilio_error(429, 20429),
    **NOT_LET_THROUGH,
}
ABOUT_THE_CALLEE = [21211, 21214, 21215, 21216, 21217, 21219, 13224]


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


@pytest.mark.parametrize("name", ABOUT_US)
def test_nobody_on_the_list_is_burnt(name: str, stack: Stack, time: Timeline) -> None:
    stack.write(calls(LIST))
    time.apply(BEFORE)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        rule = proxy.rule("POST", r"/Calls\.json", ABOUT_US[name])
        refused = time.at(after(1), "dispatch")
        asked = {seen.body for seen in proxy.seen("POST", r"/Calls\.json")}
        assert refused.code == 5
        assert "call.reminder" in refused.out
        assert len(asked) == 1, "the others were not even tried"
        assert time.statuses(after(1)) == ["deferred"]
        rule.times = 0
        assert time.at(after(20), "dispatch").code == 0
    assert sorted(time.placed()) == sorted(LIST)
    assert time.statuses(after(20)) == ["placed"] * 3


@pytest.mark.parametrize("name", FOREIGN_REFUSALS)
def test_nobody_is_called_again_where_a_gateway_withheld_the_answer(
    name: str, stack: Stack, time: Timeline
) -> None:
    """A filter lets the request through, and answers itself to what comes back."""
    stack.write(calls(LIST))
    time.apply(BEFORE)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("POST", r"/Calls\.json", FOREIGN_REFUSALS[name], times=1, after=True)
        lost = time.at(after(1), "dispatch")
        assert lost.code == 8
        assert "something that is not Twilio answered" in " ".join(lost.err.split())
        assert time.at(after(20), "dispatch").code == 8
        found = time.at(after(90), "dispatch")
        assert found.code == 0, found.out + found.err
    assert sorted(time.placed()) == sorted(LIST)
    assert time.statuses(after(90)) == ["answered"] * 3


def test_a_gateway_that_answers_for_twilio_burns_one_and_then_nobody(stack: Stack, time: Timeline) -> None:
    stack.write(calls(LIST))
    time.apply(BEFORE)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        rule = proxy.rule("*", "", FOREIGN_REFUSALS["firewall"])
        first = time.at(after(1), "dispatch")
        assert first.code == 8
        assert "nobody else is called until Twilio's answers arrive" in " ".join(first.err.split())
        again = time.at(after(20), "dispatch")
        assert again.code in (5, 8)
        assert len({seen.body for seen in proxy.seen("POST", r"/Calls\.json")}) == 1
        rule.times = 0
        time.at(after(40), "dispatch")
    assert sorted(time.placed()) == sorted(LIST)[1:]
    assert sorted(time.statuses(after(40))) == ["placed", "placed", "unknown"]


def test_what_takes_only_the_answers_of_calls_away_stops_nobody_s_call(stack: Stack, time: Timeline) -> None:
    """As long as Twilio answers what is asked, the others are called."""
    stack.write(calls(LIST))
    time.apply(BEFORE)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("POST", r"/Calls\.json", FOREIGN_REFUSALS["firewall"], after=True)
        assert time.at(after(1), "dispatch").code == 8
    assert sorted(time.placed()) == sorted(LIST)


@pytest.mark.parametrize("code", ABOUT_THE_CALLEE)
def test_a_number_that_cannot_be_called_fails_alone(code: int, stack: Stack, time: Timeline) -> None:
    stack.write(calls(LIST))
    time.apply(BEFORE)
    stack.emulator.faults([{"kind": "status", "status": 400, "code": code, "operation": "createCall"}])
    assert time.at(after(1), "dispatch").code == 5
    assert sorted(time.statuses(after(1))) == ["failed", "placed", "placed"]
    assert time.at(after(20), "dispatch").code == 0
    assert time.placed() == LIST


def test_one_number_that_nobody_understands_does_not_keep_the_others_waiting(
    stack: Stack, time: Timeline
) -> None:
    """It is tried last from then on, until its grace ends."""
    stack.write(calls(LIST, misfire_grace="10m"))
    time.apply(BEFORE)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("POST", r"/Calls\.json", twilio_error(400, 99999), body=TO[1:])
        assert time.at(after(1), "dispatch").code == 5
        assert time.at(after(20), "dispatch").code == 5
        assert sorted(time.statuses(after(20))) == ["deferred", "placed", "placed"]
        assert time.at(after(minutes=11), "dispatch").code == 0
    assert sorted(time.statuses(after(minutes=11))) == ["answered", "answered", "missed"]


MANY = [f"+1212555{number:04d}" for number in range(101, 113)]
POSTS = r"/Calls\.json"
GATEWAYS = {**FOREIGN_REFUSALS, "502": answer(502, "<h1>Bad gateway</h1>"), "nothing": b""}


@pytest.mark.parametrize("name", GATEWAYS)
def test_a_gateway_that_answers_what_is_posted_makes_no_whole_list_unknown(
    name: str, stack: Stack, time: Timeline
) -> None:
    """Lists can be read all the while."""
    stack.write(calls(MANY, misfire_grace="2h", pace="10"))
    time.apply(BEFORE)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        rule = proxy.rule("POST", POSTS, GATEWAYS[name])
        stopped = time.at(after(1), "dispatch")
        assert stopped.code == 8
        told = " ".join((stopped.out + stopped.err).split())
        assert "the answers to 3 calls in a row were lost: nobody else is called before 14:10 UTC" in told
        assert "`voiceform calls resolve`" in told
        assert len(proxy.seen("POST", POSTS)) == 3
        for minutes in (1, 5, 9):
            assert time.at(after(minutes=minutes), "dispatch").code == 8
        assert len(proxy.seen("POST", POSTS)) == 3
        assert time.at(after(minutes=11), "dispatch").code == 8
        assert len(proxy.seen("POST", POSTS)) == 4, "one is tried"
        rule.times = 0
        assert time.at(after(minutes=15), "dispatch").code == 8
        assert time.placed() == []
        assert time.at(after(minutes=22), "dispatch").code == 8
    assert len(time.placed()) == len(MANY) - 4
    assert sorted(time.statuses(after(minutes=22))) == ["placed"] * (len(MANY) - 4) + ["unknown"] * 4


def several(schedules: int) -> str:
    """Schedules of two people each."""
    rows = "".join(
        f'  row{number}: {{to: ["+1212666{number:03d}1", "+1212666{number:03d}2"], from: "+15017122661",'
        ' schedule: {at: "2026-12-01T09:00:00", timezone: America/New_York},'
        ' answer: {say: "Hi"}, misfire_grace: 2h, pace: 10}\n'
        for number in range(schedules)
    )
    return f"safety: {{max_calls: 100}}\ncalls:\n{rows}"


def test_what_takes_answers_away_is_noticed_over_all_schedules(stack: Stack, time: Timeline) -> None:
    """None of these schedules has so many people that it would notice by itself."""
    stack.write(several(40))
    time.apply(BEFORE)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        rule = proxy.rule("POST", POSTS, GATEWAYS["nothing"])
        stopped = time.at(after(1), "dispatch")
        assert stopped.code == 8
        assert "calls in a row were lost: nobody else is called before 14:10 UTC" in " ".join(
            (stopped.out + stopped.err).split()
        )
        at_once = len(proxy.seen("POST", POSTS))
        assert 3 <= at_once < 3 + 16, "those under way at the same time"
        for minutes in (1, 5, 9):
            assert time.at(after(minutes=minutes), "dispatch").code == 8
        assert len(proxy.seen("POST", POSTS)) == at_once
        rule.times = 0
        assert time.at(after(minutes=11), "dispatch").code == 8
        assert time.at(after(minutes=12), "dispatch").code == 8
    assert len(time.placed()) == 80 - at_once


def test_what_takes_the_answers_of_one_schedule_away_is_noticed_beside_others_that_go_well(
    stack: Stack, time: Timeline
) -> None:
    """A filter may dislike what this one says: the answers to others are no news of it."""
    rows = "".join(
        f'  {name}: {{to: "{to}", from: "+15017122661", misfire_grace: 30m, answer: {{say: "Hi"}},'
        ' schedule: {cron: "0-15 9 * * *", timezone: America/New_York}}\n'
        for name, to in (("disliked", TO), ("liked", OTHER))
    )
    stack.write(f"calls:\n{rows}")
    time.apply(BEFORE)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("POST", POSTS, GATEWAYS["nothing"], body=TO[1:])
        for minute in range(6):
            assert time.at(after(minutes=minute, seconds=1), "dispatch").code == 8
        disliked = [seen for seen in proxy.seen("POST", POSTS) if TO[1:] in seen.body]
        assert len(disliked) == 3
    assert time.placed() == [OTHER] * 6


def test_what_takes_answers_away_is_noticed_over_all_rooms(stack: Stack) -> None:
    person = 'participants: {a: {to: "+12125550101", from: "+15017122661"}}'
    stack.write(
        "conferences:\n" + "".join(f"  room{number}: {{start: true, {person}}}\n" for number in range(6))
    )
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("POST", r"/Participants\.json", GATEWAYS["nothing"])
        done = stack.run("apply", "--auto-approve", "--parallelism", "1")
        assert done.code == 8
        assert len(proxy.seen("POST", r"/Participants\.json")) == 3
        assert "a was not phoned: the answers to 3 calls in a row were lost" in " ".join(done.out.split())
    assert stack.account.writes() == []
    stack.environ["VOICEFORM_BASE_URL"] = stack.emulator.url
    stack.run("apply", "--auto-approve")
    assert len(stack.account.writes()) == 3, "nobody is phoned a second time"


def test_calls_that_are_found_end_the_row(stack: Stack, time: Timeline) -> None:
    stack.write(calls(MANY, misfire_grace="2h", pace="10"))
    time.apply(BEFORE)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("POST", POSTS, GATEWAYS["nothing"], times=3, after=True)
        assert time.at(after(1), "dispatch").code == 8
        assert time.at(after(90), "dispatch").code == 0
    assert sorted(time.placed()) == sorted(MANY)


def test_what_a_person_resolves_ends_the_row(stack: Stack, time: Timeline) -> None:
    stack.write(calls(MANY, misfire_grace="2h", pace="10"))
    time.apply(BEFORE)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("POST", POSTS, GATEWAYS["nothing"], times=3)
        assert time.at(after(1), "dispatch").code == 8
        lost = [row["to"] for row in time.ledger(after(minutes=5)) if row["status"] == "unknown"]
        for number in lost:
            argv = (
                "calls",
                "resolve",
                "call.reminder",
                "2026-12-01T14:00:00Z",
                "--to",
                number,
                "--not-placed",
            )
            assert time.at(after(minutes=5), *argv).code == 0
        assert time.at(after(minutes=5), "dispatch").code == 0
    assert len(time.placed()) == len(MANY) - 3


def test_an_apply_that_places_calls_stops_as_well(stack: Stack, time: Timeline) -> None:
    stack.write(calls(MANY, misfire_grace="2h", pace="10"))
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("POST", POSTS, GATEWAYS["nothing"])
        applied = time.at(after(1), "apply", "--auto-approve")
        assert applied.code == 8
        assert "the answers to 3 calls in a row were lost" in " ".join((applied.out + applied.err).split())
        assert time.at(after(minutes=2), "dispatch").code == 8
        assert time.at(after(minutes=3), "apply", "--auto-approve").code == 5
        assert len(proxy.seen("POST", POSTS)) == 3
