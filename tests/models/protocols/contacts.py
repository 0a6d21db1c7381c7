"""The counter of a person (kinds/call/limits), beside the ledger, in stores that write document by document.

Two dispatchers, each with a key of its own for one person who may be called once. `ver` is the version of the
counter, `mark` whether a dispatcher's call is counted in it, `st` its key: 0 none, 1 reserved, 2 deferred, 3
placed, 4 unknown. `pc`: 0 idle, 1 has judged, 2 counted, 3 reserved, 4 sent, 5 done, 6 dead, 7 has put its
call off and is about to take it out of the counter; `net` as for the ledger, 5 never sent; `slow` one that
has waited for longer than a second since it was counted, `old` for so long that its mark without an entry is
taken for nothing.
"""

from __future__ import annotations

from tests.models.rules import Model, Mutant, Rule, each

# Whether the other's mark counts for nothing (limits/outcomes.py): its call is deferred, or has no entry
# for long.
# An entry is that of the mark (`has`) when it stands under the same claim.
_ALLOWED = "(mark{o} == 0 or has{o} == 1 and st{o} == 2 or has{o} == 0 and old{o} == 1)"

_DISPATCHER = (
    # Placer._reserve: judge by the counter, count by compare-and-swap, reserve
    Rule(
        "judge{p}",
        "pc{p} == 0 and (st{p} == 0 or st{p} == 2) and {a}",
        "saw{p} = ver; pc{p} = 1",
    ),
    Rule(
        "count{p}",
        "pc{p} == 1 and saw{p} == ver",
        # what is known never to have been sent is taken out with it
        "mark{p} = 1; {z}; ver = ver + 1; slow{p} = 0; old{p} = 0; has{p} = 0; pc{p} = 2",
    ),
    Rule("disputed{p}", "pc{p} == 1 and saw{p} != ver", "pc{p} = 0"),
    Rule("reserve{p}", "pc{p} == 2", "st{p} = 1; has{p} = 1; pc{p} = 3"),
    # time
    Rule(
        "waits{p}",
        "(pc{p} == 2 or pc{p} == 3) and slow{p} == 0 and pauses > 0",
        "pauses = pauses - 1; slow{p} = 1",
    ),
    Rule(
        "long{p}",
        "mark{p} == 1 and has{p} == 0 and old{p} == 0 and (slow{p} == 1 or pc{p} == 6)",
        "old{p} = 1",
    ),
    # Placer._require_right, right before the request leaves: who is slow is counted again
    Rule("send{p}", "pc{p} == 3 and slow{p} == 0", "pc{p} = 4; net{p} = 1"),
    Rule("look_again{p}", "pc{p} == 3 and slow{p} == 1 and {a}", "saw{p} = ver; slow{p} = 2"),
    # it leaves with that, and nobody asks once more
    Rule(
        "count_again{p}",
        "pc{p} == 3 and slow{p} == 2 and saw{p} == ver",
        "mark{p} = 1; {z}; ver = ver + 1; slow{p} = 0; old{p} = 0; pc{p} = 4; net{p} = 1",
    ),
    Rule("again{p}", "pc{p} == 3 and slow{p} == 2 and saw{p} != ver", "slow{p} = 1"),
    Rule(
        "refused{p}",
        "pc{p} == 3 and slow{p} == 1 and not {a}",
        "net{p} = 5; saw{p} = ver; pc{p} = 4",
    ),
    # the API
    Rule("served{p}", "net{p} == 1", "calls = calls + 1; net{p} = 2"),
    Rule("turned_down{p}", "net{p} == 1 and tries > 0", "tries = tries - 1; net{p} = 3"),
    Rule("lost_before{p}", "net{p} == 1 and faults > 0", "faults = faults - 1; net{p} = 4"),
    Rule("lost_after{p}", "net{p} == 2 and faults > 0", "faults = faults - 1; net{p} = 4"),
    # outcomes: the entry first, the mark behind it, as it was read before both
    Rule("placed{p}", "pc{p} == 4 and net{p} == 2", "st{p} = 3; net{p} = 0; pc{p} = 5"),
    Rule("doubtful{p}", "pc{p} == 4 and net{p} == 4", "st{p} = 4; net{p} = 0; pc{p} = 5"),
    Rule(
        "deferred{p}",
        "pc{p} == 4 and net{p} == 3",
        "st{p} = 2; net{p} = 0; saw{p} = ver; pc{p} = 7",
    ),
    Rule("withheld{p}", "pc{p} == 4 and net{p} == 5", "st{p} = 2; net{p} = 0; pc{p} = 7"),
    Rule(
        "freed{p}",
        "pc{p} == 7 and saw{p} == ver",
        "ver = ver + mark{p}; mark{p} = 0; has{p} = 0; slow{p} = 0; old{p} = 0; pc{p} = 5 * (tries == 0)",
    ),
    # whose mark was changed upon meanwhile stays: it counts for nothing, and goes with the next that is
    Rule("left{p}", "pc{p} == 7 and saw{p} != ver", "slow{p} = 0; pc{p} = 5 * (tries == 0)"),
    Rule(
        "killed{p}",
        "(pc{p} >= 1 and pc{p} <= 4 or pc{p} == 7) and deaths > 0",
        "deaths = deaths - 1; pc{p} = 6",
    ),
    # settling makes a dead one's reservation unknown, which counts
    Rule("settled{p}", "pc{p} == 6 and st{p} == 1 and net{p} != 1", "st{p} = 4"),
)

_MUTANTS = (
    Mutant(
        "counted without compare-and-swap",
        "nobody_is_called_more_than_allowed",
        (
            Rule("count2", "pc2 == 1", "mark2 = 1; ver = ver + 1; slow2 = 0; old2 = 0; has2 = 0; pc2 = 2"),
            Rule("disputed2", "", ""),
        ),
    ),
    Mutant(
        "counted after the request",
        "who_was_called_is_counted",
        (
            Rule("count1", "pc1 == 1", "pc1 = 2"),
            Rule("disputed1", "", ""),
            Rule(
                "placed1",
                "pc1 == 4 and net1 == 2",
                "st1 = 3; mark1 = 1; ver = ver + 1; net1 = 0; pc1 = 5",
            ),
        ),
    ),
    Mutant(
        "not counted again after a pause",
        "nobody_is_called_more_than_allowed",
        (Rule("send1", "pc1 == 3", "pc1 = 4; net1 = 1"),),
    ),
    Mutant(
        "a call in doubt does not count",
        "nobody_is_called_more_than_allowed",
        (
            Rule(
                "judge2",
                "pc2 == 0 and (st2 == 0 or st2 == 2) and (mark1 == 0 or has1 == 1"
                " and (st1 == 2 or st1 == 4) or has1 == 0 and old1 == 1)",
                "saw2 = ver; pc2 = 1",
            ),
        ),
    ),
    Mutant(
        "a mark without a call counts for ever",
        "ends_well",
        (Rule("long1", "", ""), Rule("long2", "", "")),
    ),
)


def contacts(processes: int, **limits: int) -> Model:
    """With so many keys of one person, each with a dispatcher, and other limits than two pauses and one try,
    fault and death."""
    who = [str(number) for number in range(1, processes + 1)]
    names = ("pc", "saw", "mark", "st", "has", "slow", "old", "net")
    of_each = {f"{name}{one}": 0 for one in who for name in names}

    def values(one: str) -> dict[str, str]:
        others = [other for other in who if other != one]
        allowed = " and ".join(_ALLOWED.replace("{o}", other) for other in others)
        return {"p": one, "a": f"({allowed})", "z": "; ".join(f"mark{other} = 0" for other in others)}

    return Model(
        "contacts",
        {"ver": 0, "calls": 0, **of_each, "pauses": 2, "tries": 1, "faults": 1, "deaths": 1, **limits},
        each(_DISPATCHER, *map(values, who)),
        {
            "nobody_is_called_more_than_allowed": "calls <= 1",
            "who_was_called_is_counted": f"calls == 0 or {' + '.join(f'mark{one}' for one in who)} >= 1",
        },
        # Nobody is kept from being called by a mark that stands for nothing.
        ends=f"calls == 1 or {' or '.join(f'st{one} == 4' for one in who)}"
        f" or {' and '.join(f'pc{one} >= 5' for one in who)}",
        mutants=_MUTANTS,
    )


CONTACTS = contacts(2)
