"""The run journal and settling (state/journal.py, engine/applier.py, engine/settle.py), where batches may be
torn.

One run of two changes, then whoever comes next. The documents: `run` and `meta` (that the run is unfinished,
that it has ended), `int` an intent, `out` an outcome (1 applied, 2 without effect), `rec` what the state
records. `eff` is what the account shows, `net` 1 a request under way, 2 carried out, 3 refused, 4 no answer.
A death ends the run; no request of it is carried out later than its lease runs out, so settling begins when
there is none under way. `pc`: 0 begins, 1 header, 2 intents, 3 at work, 5 done, 6 dead, 7 settling, 8
settled.
"""

from __future__ import annotations

from tests.models.rules import Model, Mutant, Rule, each

A, B = {"c": "a"}, {"c": "b"}

_CHANGE = (
    # applier: request, then outcome with what it leaves, the outcome last
    Rule("request_{c}", "pc == 3 and out_{c} == 0 and at_{c} == 0", "at_{c} = 1; net_{c} = 1"),
    Rule("served_{c}", "net_{c} == 1", "net_{c} = 2; eff_{c} = eff_{c} + 1"),
    Rule("refused_{c}", "net_{c} == 1", "net_{c} = 3"),
    Rule("lost_before_{c}", "net_{c} == 1 and faults > 0", "faults = faults - 1; net_{c} = 4"),
    Rule("lost_after_{c}", "net_{c} == 2 and faults > 0 and pc != 7", "faults = faults - 1; net_{c} = 4"),
    Rule("recorded_{c}", "pc == 3 and net_{c} == 2 and rec_{c} == 0", "rec_{c} = 1"),
    Rule(
        "applied_{c}",
        "pc == 3 and net_{c} == 2 and rec_{c} == 1 and out_{c} == 0",
        "out_{c} = 1; net_{c} = 0",
    ),
    Rule("failed_{c}", "pc == 3 and net_{c} == 3 and out_{c} == 0", "out_{c} = 2; net_{c} = 0"),
    # an answer that was lost is no outcome: the change stays open, and the next run settles it
    Rule("open_{c}", "pc == 3 and net_{c} == 4 and at_{c} == 1", "at_{c} = 2"),
    # settle: by what the account shows
    Rule(
        "found_{c}",
        "pc == 7 and int_{c} == 1 and out_{c} == 0 and eff_{c} == 1 and rec_{c} == 0",
        "rec_{c} = 1",
    ),
)

_SETTLED = "out_{c} > 0 or eff_{c} == 0 or rec_{c} == 1"
_ENDING = "out_{c} = out_{c} + (out_{c} == 0) * (2 - (eff_{c} == 1))"
_BOTH = (
    tuple(text.replace("{c}", "a") for text in (_SETTLED, _ENDING)),
    tuple(text.replace("{c}", "b") for text in (_SETTLED, _ENDING)),
)

_RUN = (
    Rule("header", "pc == 0", "run = 1; pc = 1"),
    # begin_run: header, intents, meta, in this order and one by one
    Rule("intents", "pc == 1", "int_a = 1; int_b = 1; pc = 2"),
    Rule("begun", "pc == 2", "meta = 1; pc = 3"),
    Rule("ended", "pc == 3 and out_a > 0 and out_b > 0 and run == 1", "run = 2"),
    Rule("closed", "pc == 3 and run == 2", "meta = 0; pc = 5"),
    Rule(
        "left_open",
        "pc == 3 and (at_a == 2 and (out_b > 0 or at_b == 2) or at_b == 2 and out_a > 0)",
        "pc = 6",
    ),
    Rule("killed", "pc < 5 and deaths > 0", "deaths = deaths - 1; pc = 6"),
    Rule("next", "pc == 6 and net_a != 1 and net_b != 1 and meta == 1", "pc = 7"),
    Rule("nothing_open", "pc == 6 and net_a != 1 and net_b != 1 and meta == 0", "pc = 8"),
    Rule("settler_killed", "pc == 7 and deaths > 0", "deaths = deaths - 1; pc = 6"),
    # one document has the outcomes of all changes that were open, behind what they leave
    Rule(
        "settled_all",
        f"pc == 7 and (out_a == 0 or out_b == 0) and ({_BOTH[0][0]}) and ({_BOTH[1][0]})",
        f"{_BOTH[0][1]}; {_BOTH[1][1]}",
    ),
    Rule("settled", "pc == 7 and out_a > 0 and out_b > 0 and run == 1", "run = 2"),
    Rule("settled_closed", "pc == 7 and out_a > 0 and out_b > 0 and run == 2", "meta = 0; pc = 8"),
)

_END = "(pc == 5 or pc == 8)"

JOURNAL = Model(
    "journal",
    {
        "pc": 0,
        "run": 0,
        "meta": 0,
        "int_a": 0,
        "at_a": 0,
        "net_a": 0,
        "eff_a": 0,
        "rec_a": 0,
        "out_a": 0,
        "int_b": 0,
        "at_b": 0,
        "net_b": 0,
        "eff_b": 0,
        "rec_b": 0,
        "out_b": 0,
        "faults": 2,
        "deaths": 2,
    },
    (*each(_CHANGE, A, B), *_RUN),
    {
        "intent_before_request": "(at_a == 0 or int_a == 1 and run > 0)"
        " and (at_b == 0 or int_b == 1 and run > 0)",
        "who_sent_is_found": f"{_END} or at_a == 0 and at_b == 0 or meta == 1",
        "no_effect_is_orphaned": f"not {_END} or (rec_a == eff_a and rec_b == eff_b)",
        "outcomes_are_true": "(out_a == 0 or out_a == 2 - (eff_a == 1))"
        " and (out_b == 0 or out_b == 2 - (eff_b == 1))",
        "outcome_after_record": "(out_a != 1 or rec_a == 1) and (out_b != 1 or rec_b == 1)",
        "nothing_is_done_twice": "eff_a <= 1 and eff_b <= 1",
    },
    ends=f"{_END} and meta == 0 and (run != 1 or at_a == 0 and at_b == 0)",
    mutants=(
        Mutant(
            "intent after request",
            "intent_before_request",
            (Rule("request_a", "pc >= 1 and pc <= 3 and out_a == 0 and at_a == 0", "at_a = 1; net_a = 1"),),
        ),
        Mutant(
            "request before the run is listed as unfinished",
            "no_effect_is_orphaned",
            (
                Rule(
                    "request_a",
                    "pc >= 1 and pc <= 3 and int_a == 1 and out_a == 0 and at_a == 0",
                    "at_a = 1; net_a = 1",
                ),
            ),
        ),
        Mutant(
            "a dead run's open changes taken for failed",
            "outcomes_are_true",
            (
                Rule(
                    "settled_all",
                    f"pc == 7 and (out_a == 0 or out_b == 0) and ({_BOTH[1][0]})",
                    f"out_a = out_a + (out_a == 0) * 2; {_BOTH[1][1]}",
                ),
            ),
        ),
        Mutant(
            "outcome in front of what it leaves",
            "outcome_after_record",
            (Rule("applied_a", "pc == 3 and net_a == 2 and out_a == 0", "out_a = 1; net_a = 0"),),
        ),
        Mutant(
            "closed with a change open",
            "no_effect_is_orphaned",
            (
                Rule("ended", "pc == 3 and (out_a > 0 or at_a == 2) and out_b > 0 and run == 1", "run = 2"),
                Rule("left_open", "", ""),
            ),
        ),
        Mutant("a dead run is not settled", "ends_well", (Rule("next", "", ""),)),
    ),
)
