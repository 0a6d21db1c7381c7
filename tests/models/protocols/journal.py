"""The run journal and settling (state/journal.py, engine/applier.py, engine/settle.py): with batches that may
be torn at each document, as object stores write them, and with such that are whole, as databases do.

One run of two changes, then whoever comes next. The documents: `run` and `meta` (that the run is unfinished,
that it has ended), `int` an intent, `out` an outcome (1 applied, 2 without effect), `rec` what the state
records. `eff` is what the account shows, `net` 1 a request under way, 2 carried out, 3 refused, 4 no answer.
`batch` is what the thread that writes has at hand: the end of the first change (1), of the other (2), or of
both (3). A death ends the run; no request of it is carried out later than its lease runs out, so settling
begins when there is none under way. `pc`: 0 begins, 1 header, 2 intents, 3 at work, 5 done, 6 dead, 7
settling, 8 settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.models.rules import Model, Mutant, Rule, each

A = {"c": "a", "n": "1", "o": "b"}
B = {"c": "b", "n": "2", "o": "a"}

_CHANGE = (
    # applier: request, then the answer
    Rule("request_{c}", "pc == 3 and out_{c} == 0 and at_{c} == 0", "at_{c} = 1; net_{c} = 1"),
    Rule("served_{c}", "net_{c} == 1", "net_{c} = 2; eff_{c} = eff_{c} + 1"),
    Rule("refused_{c}", "net_{c} == 1", "net_{c} = 3"),
    Rule("lost_before_{c}", "net_{c} == 1 and faults > 0", "faults = faults - 1; net_{c} = 4"),
    Rule(
        "lost_after_{c}",
        "net_{c} == 2 and faults > 0 and pc != 7 and batch != {n} and batch != 3 and at_{c} == 1",
        "faults = faults - 1; net_{c} = 4",
    ),
    Rule(
        "hear_{c}", "pc == 3 and batch == 0 and at_{c} == 1 and (net_{c} == 2 or net_{c} == 3)", "batch = {n}"
    ),
    # an answer that was lost is no outcome: the change stays open, and the next run settles it
    Rule("open_{c}", "pc == 3 and batch == 0 and net_{c} == 4 and at_{c} == 1", "at_{c} = 2"),
)
_HEAR_BOTH = Rule(
    "hear_both",
    "pc == 3 and batch == 0 and at_a == 1 and at_b == 1"
    " and (net_a == 2 or net_a == 3) and (net_b == 2 or net_b == 3)",
    "batch = 3",
)

_OUT = "out_{c} = net_{c} - 1; net_{c} = 0; at_{c} = 3"
"""Applied (1) of what was carried out, without effect (2) of what was refused."""
_NOTED = "(net_{c} == 3 or rec_{c} == 1)"


def _of(text: str, change: Mapping[str, str]) -> str:
    return text.replace("{c}", change["c"])


_BOTH_OUT = f"{_of(_OUT, A)}; {_of(_OUT, B)}; batch = 0"

_TORN_CHANGE = (
    # the documents of a batch one by one: what changes leave, and behind that the outcomes
    Rule(
        "recorded_{c}",
        "pc == 3 and (batch == {n} or batch == 3) and net_{c} == 2 and rec_{c} == 0",
        "rec_{c} = 1",
    ),
    Rule("stored_{c}", f"pc == 3 and batch == {{n}} and {_NOTED}", f"{_OUT}; batch = 0"),
    # settle: by what the account shows
    Rule(
        "found_{c}",
        "pc == 7 and int_{c} == 1 and out_{c} == 0 and eff_{c} == 1 and rec_{c} == 0",
        "rec_{c} = 1",
    ),
)
_TORN_BOTH = Rule(
    "stored_both", f"pc == 3 and batch == 3 and {_of(_NOTED, A)} and {_of(_NOTED, B)}", _BOTH_OUT
)

_REC = "rec_{c} = rec_{c} + (net_{c} == 2)"
_WHOLE_CHANGE = (Rule("stored_{c}", "pc == 3 and batch == {n}", f"{_REC}; {_OUT}; batch = 0"),)
_WHOLE_BOTH = Rule("stored_both", "pc == 3 and batch == 3", f"{_of(_REC, A)}; {_of(_REC, B)}; {_BOTH_OUT}")

_SETTLED = "(out_{c} > 0 or eff_{c} == 0 or rec_{c} == 1)"
_ENDING = "out_{c} = out_{c} + (out_{c} == 0) * (2 - (eff_{c} == 1))"
_FOUND = "rec_{c} = rec_{c} + (out_{c} == 0) * (rec_{c} == 0) * eff_{c}"
_OPEN = "pc == 7 and (out_a == 0 or out_b == 0)"
_ENDED = "out_a > 0 and out_b > 0"

_AROUND = (
    Rule(
        "left_open",
        "pc == 3 and batch == 0 and (at_a == 2 and (out_b > 0 or at_b == 2) or at_b == 2 and out_a > 0)",
        "pc = 6",
    ),
    Rule("killed", "pc < 5 and deaths > 0", "deaths = deaths - 1; batch = 0; pc = 6"),
    Rule("next", "pc == 6 and net_a != 1 and net_b != 1 and meta == 1", "pc = 7"),
    Rule("nothing_open", "pc == 6 and net_a != 1 and net_b != 1 and meta == 0", "pc = 8"),
    Rule("settler_killed", "pc == 7 and deaths > 0", "deaths = deaths - 1; pc = 6"),
)

_TORN = (
    Rule("header", "pc == 0", "run = 1; pc = 1"),
    # begin_run: header, intents, meta, in this order and one by one
    Rule("intents", "pc == 1", "int_a = 1; int_b = 1; pc = 2"),
    Rule("begun", "pc == 2", "meta = 1; pc = 3"),
    Rule("ended", f"pc == 3 and batch == 0 and {_ENDED} and run == 1", "run = 2"),
    Rule("closed", "pc == 3 and run == 2", "meta = 0; pc = 5"),
    # one document has the outcomes of all changes that were open, behind what they leave
    Rule(
        "settled_all",
        f"{_OPEN} and {_of(_SETTLED, A)} and {_of(_SETTLED, B)}",
        f"{_of(_ENDING, A)}; {_of(_ENDING, B)}",
    ),
    Rule("settled", f"pc == 7 and {_ENDED} and run == 1", "run = 2"),
    Rule("settled_closed", f"pc == 7 and {_ENDED} and run == 2", "meta = 0; pc = 8"),
)

_WHOLE = (
    Rule("begun", "pc == 0", "run = 1; int_a = 1; int_b = 1; meta = 1; pc = 3"),
    Rule("closed", f"pc == 3 and batch == 0 and {_ENDED}", "run = 2; meta = 0; pc = 5"),
    Rule(
        "settled_all",
        _OPEN,
        "; ".join(_of(text, change) for text in (_FOUND, _ENDING) for change in (A, B)),
    ),
    Rule("settled_closed", f"pc == 7 and {_ENDED}", "run = 2; meta = 0; pc = 8"),
)

_FIELDS = {
    "pc": 0,
    "run": 0,
    "meta": 0,
    "batch": 0,
    **{f"{name}_{which}": 0 for which in "ab" for name in ("int", "at", "net", "eff", "rec", "out")},
    "faults": 2,
    "deaths": 2,
}

_END = "(pc == 5 or pc == 8)"

_PROPERTIES = {
    "intent_before_request": "(at_a == 0 or int_a == 1 and run > 0)"
    " and (at_b == 0 or int_b == 1 and run > 0)",
    "who_sent_is_found": f"{_END} or at_a == 0 and at_b == 0 or meta == 1",
    "no_effect_is_orphaned": f"not {_END} or (rec_a == eff_a and rec_b == eff_b)",
    "outcomes_are_true": "(out_a == 0 or out_a == 2 - (eff_a == 1))"
    " and (out_b == 0 or out_b == 2 - (eff_b == 1))",
    "outcome_after_record": "(out_a != 1 or rec_a == 1) and (out_b != 1 or rec_b == 1)",
    "nothing_is_done_twice": "eff_a <= 1 and eff_b <= 1",
}

_FAILED = "out_a = out_a + (out_a == 0) * 2"
_NOT_SETTLED = Mutant("a dead run is not settled", "ends_well", (Rule("next", "", ""),))


def _early(name: str, first: int, breaks: str) -> Mutant:
    """A request that is sent from `first` on."""
    guard = f"pc >= {first} and pc <= 3 and out_a == 0 and at_a == 0"
    return Mutant(name, breaks, (Rule("request_a", guard, "at_a = 1; net_a = 1"),))


def _model(name: str, rules: Sequence[Rule], mutants: Sequence[Mutant]) -> Model:
    ends = f"{_END} and meta == 0 and (run != 1 or at_a == 0 and at_b == 0)"
    return Model(name, _FIELDS, tuple(rules), _PROPERTIES, ends, tuple(mutants))


JOURNAL = _model(
    "journal",
    (*each((*_CHANGE, *_TORN_CHANGE), A, B), _HEAR_BOTH, _TORN_BOTH, *_AROUND, *_TORN),
    (
        _early("intent after request", 1, "intent_before_request"),
        _early("request before the run is listed as unfinished", 2, "no_effect_is_orphaned"),
        Mutant(
            "a dead run's open changes taken for failed",
            "outcomes_are_true",
            (Rule("settled_all", f"{_OPEN} and {_of(_SETTLED, B)}", f"{_FAILED}; {_of(_ENDING, B)}"),),
        ),
        Mutant(
            "outcome in front of what it leaves",
            "outcome_after_record",
            (Rule("stored_a", "pc == 3 and batch == 1", f"{_of(_OUT, A)}; batch = 0"),),
        ),
        Mutant(
            "outcomes of two changes behind what one of them leaves",
            "outcome_after_record",
            (Rule("stored_both", f"pc == 3 and batch == 3 and {_of(_NOTED, A)}", _BOTH_OUT),),
        ),
        Mutant(
            "closed with a change open",
            "no_effect_is_orphaned",
            (
                Rule(
                    "ended",
                    "pc == 3 and batch == 0 and (out_a > 0 or at_a == 2) and out_b > 0 and run == 1",
                    "run = 2",
                ),
                Rule("left_open", "", ""),
            ),
        ),
        _NOT_SETTLED,
    ),
)

WHOLE_JOURNAL = _model(
    "journal in whole batches",
    (*each((*_CHANGE, *_WHOLE_CHANGE), A, B), _HEAR_BOTH, _WHOLE_BOTH, *_AROUND, *_WHOLE),
    (
        _early("request before the run is there", 0, "intent_before_request"),
        Mutant(
            "a dead run's open changes taken for failed",
            "outcomes_are_true",
            (Rule("settled_all", _OPEN, f"{_FAILED}; {_of(_FOUND, B)}; {_of(_ENDING, B)}"),),
        ),
        Mutant(
            "outcomes without what the changes leave",
            "outcome_after_record",
            (Rule("stored_both", "pc == 3 and batch == 3", _BOTH_OUT),),
        ),
        Mutant(
            "closed with a change open",
            "no_effect_is_orphaned",
            (
                Rule(
                    "closed",
                    "pc == 3 and batch == 0 and (out_a > 0 or at_a == 2) and out_b > 0",
                    "run = 2; meta = 0; pc = 5",
                ),
                Rule("left_open", "", ""),
            ),
        ),
        _NOT_SETTLED,
    ),
)
