"""Consuming a plan (state/journal.py begin_run and withdraw, engine/applier.py require_fresh,
engine/settle.py).

Two processes with one saved plan, each of which takes the lock (`lock` is who has it), which may run out at
any moment; somebody who plans, and changes by hand. In the first model the store is one whose fence is looked
at before a batch and not in it, and which writes a batch document by document, so whoever has passed it may
write late; in the other, batches are whole and the fence is in them. `serial` and `given` are those of `meta`
and `ver` its version, `run` is `runs/ID` (1 there, 2 finished), `begun` that `meta` names it. `truth` counts
what the recorded state was; a plan may be begun only on the one that it was made from. `pc`: 0 has the plan,
1 has the lock and found it fresh, 2 about to write the header, 3 has written it, 4 about to write `meta`, 5
has begun, 6 has sent, 7 done, 8 refused, 9 dead, 10 has taken back the run and not yet its name.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.models.rules import Model, Mutant, Rule, each

_NEXT = "(given > serial) * given + (given <= serial) * serial + 1"
_BEGIN = f"before = serial; serial = {_NEXT}; given = 0; ver = ver + 1; begun = 1"
_RESTORE = "begun = 0; given = serial; serial = before; ver = ver + 1; lock = lock * (lock != {p}); pc{p} = 0"
_ENDED = f"run = 2; begun = 0; serial = {_NEXT}; truth = truth + 1; ver = ver + 1"
_STOPPED = "pc{p} == 5 and lock == {p} and stops > 0"

_EITHER = (
    # acquire, settle what died before, require_fresh; begin_run reads `meta`
    Rule("settle{p}", "pc{p} == 0 and lock == 0 and begun == 1 and run > 0", _ENDED),
    Rule(
        "fresh{p}",
        "pc{p} == 0 and lock == 0 and begun == 0 and run == 0 and serial == 1",
        "lock = {p}; saw{p} = ver; pc{p} = 1",
    ),
    Rule("stale{p}", "pc{p} == 0 and lock == 0 and begun == 0 and (run != 0 or serial != 1)", "pc{p} = 8"),
    Rule(
        "run_out{p}",
        "lock == {p} and (pc{p} < 7 or pc{p} == 10) and expiries > 0",
        "expiries = expiries - 1; lock = 0",
    ),
    # the first request is what counts; who does not know that the lock is lost sends, too
    Rule("send{p}", "pc{p} == 5", "sent = sent + 1; pc{p} = 6"),
    Rule("finish{p}", "pc{p} == 6 and lock == {p}", f"{_ENDED}; lock = 0; pc{{p}} = 7"),
    Rule("expired{p}", "pc{p} == 9 and lock == {p}", "lock = 0"),
)

_TORN = (
    # the lease is read before the batch, and in it everybody goes by his own clock, if at all; `runs/ID` must
    # not be there; `meta` must be as it was read
    Rule("pass{p}", "pc{p} == 1 and lock == {p}", "pc{p} = 2"),
    Rule("header{p}", "pc{p} == 2 and run == 0", "lost = lost + (run != 0); run = 1; pc{p} = 3"),
    Rule("used{p}", "pc{p} == 2 and run != 0", "pc{p} = 9"),
    Rule("go_on{p}", "pc{p} == 3", "pc{p} = 4"),
    Rule("begin{p}", "pc{p} == 4 and saw{p} == ver", f"wrong = wrong + (truth != 1); {_BEGIN}; pc{{p}} = 5"),
    Rule("moved{p}", "pc{p} == 4 and saw{p} != ver", "pc{p} = 9"),
    # an interrupt before anything was sent: the plan is as unused as before
    Rule("withdraw{p}", _STOPPED, "stops = stops - 1; run = 0; saw{p} = ver; pc{p} = 10"),
    Rule("restore{p}", "pc{p} == 10 and saw{p} == ver", _RESTORE),
    Rule("unrestored{p}", "pc{p} == 10 and saw{p} != ver", "pc{p} = 9"),
    # settle: a name without a run is of somebody who died while he took it back
    Rule(
        "forget{p}",
        "pc{p} == 0 and lock == 0 and begun == 1 and run == 0",
        f"begun = 0; serial = {_NEXT}; ver = ver + 1",
    ),
    Rule(
        "fenced{p}",
        "(pc{p} == 1 or pc{p} == 3 or pc{p} == 6 or pc{p} == 10) and lock != {p}",
        "pc{p} = 9",
    ),
    Rule(
        "killed{p}",
        "pc{p} >= 1 and (pc{p} <= 6 or pc{p} == 10) and deaths > 0",
        "deaths = deaths - 1; pc{p} = 9",
    ),
)

_BEGIN_WHOLE = f"wrong = wrong + (truth != 1); lost = lost + (run != 0); run = 1; {_BEGIN}"
_WHOLE = (
    Rule(
        "begin{p}",
        "pc{p} == 1 and lock == {p} and run == 0 and saw{p} == ver",
        f"{_BEGIN_WHOLE}; pc{{p}} = 5",
    ),
    Rule("withdraw{p}", _STOPPED, f"stops = stops - 1; run = 0; {_RESTORE}"),
    Rule("fenced{p}", "(pc{p} == 1 or pc{p} == 6) and lock != {p}", "pc{p} = 9"),
    Rule("killed{p}", "pc{p} >= 1 and pc{p} <= 6 and deaths > 0", "deaths = deaths - 1; pc{p} = 9"),
)

_OTHERS = (
    # somebody makes a plan, from the state as it is now, also in the midst of a run
    Rule("plan", "made == 0", "made = serial + 1; made_of = truth"),
    # and changes the state by hand, under the lock
    Rule(
        "by_hand",
        "hands > 0 and lock == 0",
        f"hands = hands - 1; truth = truth + 1; serial = {_NEXT}; given = 0; ver = ver + 1",
    ),
    # whether that other plan is found fresh, and rightly so
    Rule(
        "other_fresh",
        "made > 0 and tried == 0 and lock == 0 and begun == 0 and made == serial + 1",
        "tried = 1; wrong = wrong + (made_of != truth)",
    ),
    Rule(
        "other_stale",
        "made > 0 and tried == 0 and lock == 0 and begun == 0 and made != serial + 1",
        "tried = 1",
    ),
)

_FIELDS = {
    "run": 0,
    "begun": 0,
    "serial": 1,
    "given": 0,
    "before": 0,
    "ver": 0,
    "lock": 0,
    "truth": 1,
    "sent": 0,
    "lost": 0,
    "wrong": 0,
    "made": 0,
    "made_of": 0,
    "tried": 0,
    "stops": 1,
    "deaths": 1,
    "hands": 1,
    "expiries": 2,
}

_PROPERTIES = {
    "a_used_plan_is_not_used_again": "sent <= 1",
    "a_plan_is_begun_on_its_own_state": "wrong == 0",
    "no_run_is_overwritten": "lost == 0",
    "what_was_sent_is_in_the_journal": "sent == 0 or run != 0",
}


def _model(
    name: str, rules: Sequence[Rule], mutants: Sequence[Mutant], processes: int = 2, **limits: int
) -> Model:
    """Nobody waits for ever. A run of somebody who died is still named, and settled by who comes next."""
    who = [str(number) for number in range(1, processes + 1)]
    of_each = {f"{name}{one}": 0 for one in who for name in ("pc", "saw")}
    return Model(
        name,
        {**_FIELDS, **of_each, **limits},
        (*each(rules, *({"p": one} for one in who)), *_OTHERS),
        _PROPERTIES,
        ends=" and ".join(f"pc{one} >= 7 and pc{one} <= 9" for one in who),
        mutants=tuple(mutants),
    )


def _of_one(text: str) -> str:
    return text.replace("{p}", "1")


_GIVEN_AGAIN = _of_one(_RESTORE).replace("given = serial; ", "")
_LATE = "pc1 >= 5 and pc1 <= 6 and lock == 1 and stops > 0"
_TOO_EARLY = Mutant(
    "request before the plan is consumed",
    "what_was_sent_is_in_the_journal",
    (Rule("send1", "pc1 == 1", "sent = sent + 1; pc1 = 6"),),
)

CONSUMPTION = _model(
    "consumption",
    (*_EITHER, *_TORN),
    (
        Mutant(
            "the journal overwrites a run",
            "no_run_is_overwritten",
            (
                Rule("header2", "pc2 == 2", "lost = lost + (run != 0); run = 1; pc2 = 3"),
                Rule("used2", "", ""),
            ),
        ),
        Mutant(
            "no compare-and-swap of the serial",
            "a_plan_is_begun_on_its_own_state",
            (
                Rule("begin1", "pc1 == 4", f"wrong = wrong + (truth != 1); {_BEGIN}; pc1 = 5"),
                Rule("moved1", "", ""),
            ),
        ),
        Mutant(
            "a withdrawn run's serial is given again",
            "a_plan_is_begun_on_its_own_state",
            (Rule("restore1", "pc1 == 10 and saw1 == ver", _GIVEN_AGAIN),),
        ),
        Mutant(
            "taken back without compare-and-swap",
            "a_plan_is_begun_on_its_own_state",
            (Rule("restore1", "pc1 == 10", _of_one(_RESTORE)), Rule("unrestored1", "", "")),
        ),
        Mutant(
            "withdrawn after something was sent",
            "what_was_sent_is_in_the_journal",
            (Rule("withdraw1", _LATE, "stops = stops - 1; run = 0; saw1 = ver; pc1 = 10"),),
        ),
        Mutant(
            "a name without a run is kept", "ends_well", (Rule("forget1", "", ""), Rule("forget2", "", ""))
        ),
        _TOO_EARLY,
    ),
)

WHOLE_CONSUMPTION = _model(
    "consumption in whole batches",
    (*_EITHER, *_WHOLE),
    (
        # either of them would do
        Mutant(
            "neither fence nor compare-and-swap",
            "a_plan_is_begun_on_its_own_state",
            (Rule("begin1", "pc1 == 1", f"{_BEGIN_WHOLE}; pc1 = 5"),),
        ),
        Mutant(
            "a withdrawn run's serial is given again",
            "a_plan_is_begun_on_its_own_state",
            (Rule("withdraw1", _of_one(_STOPPED), f"stops = stops - 1; run = 0; {_GIVEN_AGAIN}"),),
        ),
        Mutant(
            "withdrawn after something was sent",
            "what_was_sent_is_in_the_journal",
            (Rule("withdraw1", _LATE, f"stops = stops - 1; run = 0; {_of_one(_RESTORE)}"),),
        ),
        _TOO_EARLY,
    ),
)


def consumption(processes: int, **limits: int) -> Model:
    """With so many who have the plan, and other limits than one interrupt, death and change by hand, and two
    locks that run out."""
    return _model("consumption", (*_EITHER, *_TORN), (), processes, **limits)
