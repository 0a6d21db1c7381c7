"""The lease with its fence (state/lease.py, state/heartbeat.py, FencedStore).

Two processes that take the lease, write and give it back. `holder` and `token` are the document, `ver` its
version, `over` that its time is up. `pc`: 0 wants it, 1 has looked, 2 believes that it holds it, 3 done, 6
dead. `asleep` is a paused process, `knows` one that has seen, by its own uptime or by the document, that its
lease is lost. A virtual machine may sleep so that its uptime stands still: it wakes and knows nothing.
"""

from __future__ import annotations

from itertools import combinations

from tests.models.rules import Model, Mutant, Rule, each

_PROCESS = (
    # lease.acquire
    Rule(
        "look{p}",
        "pc{p} == 0 and (holder == 0 or over == 1)",
        "saw{p} = ver; pc{p} = 1",
    ),
    Rule(
        "take{p}",
        "pc{p} == 1 and saw{p} == ver",
        "token = token + 1; tok{p} = token; holder = {p}; over = 0; ver = ver + 1; pc{p} = 2;"
        " asleep{p} = 0; knows{p} = 0",
    ),
    Rule("lose{p}", "pc{p} == 1 and saw{p} != ver", "pc{p} = 0"),
    # Heartbeat.guard, in the transaction of the write
    Rule(
        "write{p}",
        "pc{p} == 2 and asleep{p} == 0 and knows{p} == 0 and work{p} > 0 and holder != 0 and token == tok{p}",
        "work{p} = work{p} - 1; zombies = zombies + (tok{p} != token or holder != {p});"
        " backwards = backwards + (tok{p} < last); last = tok{p}",
    ),
    Rule(
        "fenced{p}",
        "pc{p} == 2 and asleep{p} == 0 and knows{p} == 0 and work{p} > 0"
        " and (holder == 0 or token != tok{p})",
        "knows{p} = 1",
    ),
    # Heartbeat._renew: by compare-and-swap; that it does not fit shows who holds it now
    Rule("learnt{p}", "pc{p} == 2 and asleep{p} == 0 and knows{p} == 0 and holder != {p}", "knows{p} = 1"),
    # Lease.release
    Rule(
        "release{p}",
        "pc{p} == 2 and asleep{p} == 0 and knows{p} == 0 and work{p} == 0"
        " and holder == {p} and token == tok{p}",
        "holder = 0; over = 0; ver = ver + 1; pc{p} = 3",
    ),
    Rule("give_up{p}", "pc{p} == 2 and asleep{p} == 0 and knows{p} == 1", "pc{p} = 3"),
    # a process that sleeps does not beat; it stops by itself a sixth of the time before the others may take
    # over
    Rule("sleep{p}", "pc{p} == 2 and asleep{p} == 0 and pauses > 0", "pauses = pauses - 1; asleep{p} = 1"),
    Rule("up{p}", "pc{p} == 2 and asleep{p} == 1 and over == 0 and holder == {p}", "asleep{p} = 0"),
    Rule("late{p}", "pc{p} == 2 and asleep{p} == 1", "asleep{p} = 0; knows{p} = 1"),
    Rule("unaware{p}", "pc{p} == 2 and asleep{p} == 1", "asleep{p} = 0"),
    Rule("killed{p}", "pc{p} == 2 and deaths > 0", "deaths = deaths - 1; pc{p} = 6"),
    Rule(
        "expire{p}",
        "holder == {p} and over == 0 and (pc{p} == 6 or pc{p} == 3 or asleep{p} == 1 or knows{p} == 1)",
        "over = 1",
    ),
)

_PERSON = (
    # lease.break_lease: the token stays
    Rule("broken", "holder != 0 and breaks > 0", "breaks = breaks - 1; holder = 0; over = 0; ver = ver + 1"),
)

_MUTANTS = (
    Mutant(
        "no fence",
        "a_zombie_writes_nothing",
        (
            Rule(
                "write1",
                "pc1 == 2 and asleep1 == 0 and knows1 == 0 and work1 > 0",
                "work1 = work1 - 1; zombies = zombies + (tok1 != token or holder != 1);"
                " backwards = backwards + (tok1 < last); last = tok1",
            ),
        ),
    ),
    Mutant(
        "taken without compare-and-swap",
        "no_token_twice",
        (
            # what it looked at is what it counts on: the token that it saw, and one more
            Rule("look1", "pc1 == 0 and (holder == 0 or over == 1)", "saw1 = token; pc1 = 1"),
            Rule(
                "take1",
                "pc1 == 1",
                "token = saw1 + 1; tok1 = token; holder = 1; over = 0; ver = ver + 1; pc1 = 2",
            ),
            Rule("lose1", "", ""),
        ),
    ),
    Mutant(
        "no higher token",
        "a_zombie_writes_nothing",
        (
            Rule(
                "take2",
                "pc2 == 1 and saw2 == ver",
                "token = token + (token == 0); tok2 = token; holder = 2; over = 0; ver = ver + 1; pc2 = 2",
            ),
        ),
    ),
    Mutant(
        "breaking forgets the token",
        "a_zombie_writes_nothing",
        (
            Rule(
                "broken",
                "holder != 0 and breaks > 0",
                "breaks = breaks - 1; holder = 0; token = 0; over = 0; ver = ver + 1",
            ),
        ),
    ),
    Mutant(
        "a dead holder's lease never expires",
        "ends_well",
        (Rule("expire1", "", ""), Rule("broken", "", "")),
    ),
)


def lease(processes: int, **limits: int) -> Model:
    """With so many who take it and write twice each, and other limits than two pauses, one death, and one
    who breaks it."""
    who = [str(number) for number in range(1, processes + 1)]
    names = ("pc", "saw", "tok", "asleep", "knows", "work")
    of_each = {f"{name}{one}": 2 * (name == "work") for one in who for name in names}
    shared = {"holder": 0, "token": 0, "ver": 0, "over": 0, "last": 0, "zombies": 0, "backwards": 0}
    return Model(
        "lease",
        {**shared, **of_each, "pauses": 2, "deaths": 1, "breaks": 1, **limits},
        (*each(_PROCESS, *({"p": one} for one in who)), *_PERSON),
        {
            "a_zombie_writes_nothing": "zombies == 0",
            "writes_follow_tokens": "backwards == 0",
            "no_token_twice": " and ".join(
                f"(tok{one} == 0 or tok{one} != tok{other})" for one, other in combinations(who, 2)
            ),
        },
        # Nobody waits for ever: who wanted it has had it, or died with it.
        ends=" and ".join(f"(pc{one} == 3 or pc{one} == 6)" for one in who),
        mutants=_MUTANTS,
    )


LEASE = lease(2)
