"""The ledger: reserve, send, settle, resolve (kinds/call/dialling/dialler.py, kinds/call/ledger,
dispatch/reconcile.py).

Two dispatchers and one key, each of whose turns has a claim of its own; somebody who settles, and a person
who resolves. `st`: 0 no entry, 1 reserved, 2 deferred, 3 placed, 4 unknown, 5 failed. `pc`: 0 idle, 1 has
looked, 2 has reserved, 3 has sent, 5 done, 6 dead. `net`: 0 nothing, 1 under way to the API, 2 carried out, 3
refused without effect, 4 no answer. A dispatcher that waits at any place for any time is one whose next rule
is not taken yet, so no rule rests on a lease or on the time of day.
"""

from __future__ import annotations

from tests.models.rules import Model, Mutant, Rule, each

_DISPATCHER = (
    # Placer._reserve: one glance, one judgement, one compare-and-swap
    Rule("look{p}", "pc{p} == 0 and (st == 0 or st == 2)", "saw{p} = ver; pc{p} = 1"),
    Rule("decided{p}", "pc{p} == 0 and st != 0 and st != 2", "pc{p} = 5"),
    Rule("reserve{p}", "pc{p} == 1 and saw{p} == ver", "st = 1; claim = {p}; ver = ver + 1; pc{p} = 2"),
    Rule("lose{p}", "pc{p} == 1 and saw{p} != ver", "pc{p} = 0"),
    # Placer._send
    Rule(
        "send{p}",
        "pc{p} == 2 and claim == {p} and st == 1",
        "net{p} = 1; early = early + (st == 0); pc{p} = 3",
    ),
    Rule("withhold{p}", "pc{p} == 2 and tries > 0", "tries = tries - 1; net{p} = 3; pc{p} = 3"),
    # Placer._require_reserved: somebody gave it up, or decided about it, while it slept
    Rule(
        "overtaken{p}",
        "pc{p} == 2 and (claim != {p} or st != 1)",
        "tries = tries - (tries > 0); net{p} = 3; pc{p} = 3",
    ),
    # Placer._record, _unsent: only its own reservation, or what somebody made of it
    Rule(
        "placed{p}",
        "pc{p} == 3 and net{p} == 2 and claim == {p} and (st == 1 or st == 4)",
        "st = 3; ver = ver + 1; net{p} = 0; pc{p} = 5",
    ),
    Rule(
        "deferred{p}",
        "pc{p} == 3 and net{p} == 3 and claim == {p} and (st == 1 or st == 4)",
        "st = 2; ver = ver + 1; net{p} = 0; pc{p} = 5 * (tries == 0)",
    ),
    Rule(
        "doubtful{p}",
        "pc{p} == 3 and net{p} == 4 and claim == {p} and (st == 1 or st == 4)",
        "st = 4; ver = ver + 1; net{p} = 0; pc{p} = 5",
    ),
    Rule(
        "not_mine{p}",
        "pc{p} == 3 and net{p} >= 2 and (claim != {p} or (st != 1 and st != 4))",
        "net{p} = 0; pc{p} = 5",
    ),
    # the wire and the API; the request of a dead process goes on
    Rule("served{p}", "net{p} == 1", "calls = calls + 1; net{p} = 2"),
    Rule("refused{p}", "net{p} == 1 and tries > 0", "tries = tries - 1; net{p} = 3"),
    Rule("lost_before{p}", "net{p} == 1 and faults > 0", "faults = faults - 1; net{p} = 4"),
    Rule("lost_after{p}", "net{p} == 2 and faults > 0", "faults = faults - 1; net{p} = 4"),
    # kill -9; who comes after it has another claim
    Rule(
        "killed{p}",
        "pc{p} >= 1 and pc{p} <= 3 and deaths > 0",
        "deaths = deaths - 1; claim = claim + (claim == {p}) * {n}; pc{p} = 6",
    ),
    Rule("again{p}", "pc{p} == 6 and net{p} != 1", "net{p} = 0; pc{p} = 0"),
)

_SETTLERS = (
    # recovery.settle: a reservation that is old becomes unknown, never unsent; a call that is listed is
    # adopted
    Rule("given_up", "st == 1", "st = 4; ver = ver + 1"),
    Rule("adopted", "(st == 1 or st == 4) and calls == 1", "st = 3; ver = ver + 1"),
)

_MUTANTS = (
    Mutant(
        "no compare-and-swap",
        "nobody_is_called_twice",
        (
            Rule("reserve2", "pc2 == 1", "st = 1; claim = 2; ver = ver + 1; pc2 = 2"),
            Rule("lose2", "", ""),
        ),
    ),
    Mutant(
        "intent after request",
        "intent_before_request",
        (
            Rule("reserve1", "pc1 == 1", "pc1 = 2"),
            Rule("lose1", "", ""),
            Rule("send1", "pc1 == 2", "net1 = 1; early = early + (st == 0); pc1 = 3"),
            Rule("overtaken1", "", ""),
            Rule("placed1", "pc1 == 3 and net1 == 2", "st = 3; claim = 1; ver = ver + 1; net1 = 0; pc1 = 5"),
        ),
    ),
    Mutant(
        "lost answer taken for unsent",
        "nobody_is_called_twice",
        (
            Rule(
                "doubtful1",
                "pc1 == 3 and net1 == 4 and claim == 1 and (st == 1 or st == 4)",
                "st = 2; ver = ver + 1; net1 = 0; pc1 = 5",
            ),
        ),
    ),
    Mutant(
        "dead reservation taken for unsent",
        "nobody_is_called_twice",
        (Rule("given_up", "st == 1", "st = 2; ver = ver + 1"),),
    ),
    Mutant(
        "outcome without own claim",
        "a_call_is_known_or_in_doubt",
        (
            Rule("deferred1", "pc1 == 3 and net1 == 3", "st = 2; ver = ver + 1; net1 = 0; pc1 = 5"),
            Rule("given_up", "st == 1", "st = 2; ver = ver + 1"),
        ),
    ),
    Mutant(
        "sent without a last look",
        "what_is_written_off_was_none",
        (
            Rule("send1", "pc1 == 2", "net1 = 1; pc1 = 3"),
            Rule("overtaken1", "", ""),
        ),
    ),
    Mutant(
        "written off while under way",
        "what_is_written_off_was_none",
        (Rule("written_off", "st == 4 and calls == 0", "st = 5; ver = ver + 1"),),
    ),
)


def ledger(processes: int, **limits: int) -> Model:
    """With so many dispatchers, and other limits than one fault, two tries and one death."""
    who = [str(number) for number in range(1, processes + 1)]
    still = " and ".join(f"net{one} != 1" for one in who)
    # resolving.resolve --not-placed: refused while the request may be under way
    written_off = Rule("written_off", f"st == 4 and calls == 0 and {still}", "st = 5; ver = ver + 1")
    of_each = {f"{name}{one}": 0 for one in who for name in ("pc", "saw", "net")}
    shared = {"st": 0, "claim": 0, "ver": 0, "calls": 0, "early": 0}
    return Model(
        "ledger",
        {**shared, **of_each, "faults": 1, "tries": 2, "deaths": 1, **limits},
        (*each(_DISPATCHER, *({"p": one, "n": str(processes)} for one in who)), *_SETTLERS, written_off),
        {
            "nobody_is_called_twice": "calls <= 1",
            "intent_before_request": "early == 0",
            "a_call_is_known_or_in_doubt": "calls == 0 or st == 1 or st == 3 or st == 4",
            "what_is_placed_was_a_call": "st != 3 or calls == 1",
            "what_is_written_off_was_none": "st != 5 or calls == 0",
        },
        ends="st == 3 and calls == 1 or st == 4 and calls == 0 or st == 5 or st == 2",
        mutants=_MUTANTS,
    )


LEDGER = ledger(2)
