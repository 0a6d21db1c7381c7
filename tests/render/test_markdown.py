"""The pull-request comment: in order, within its limit, and deaf to what names say."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.render import samples
from tests.render.samples import plan
from tests.render.strategies import plans, texts
from voiceform.model.plan import Mode, Plan
from voiceform.model.plan_codec import plan_to_document, review_digest
from voiceform.render.markdown import SMALLEST_LIMIT, comment_marker, render_plan_markdown

DIGEST = "sha256:" + "d" * 64


def size(comment: str) -> int:
    return len(comment.encode())


def prose(comment: str) -> str:
    """All that GitHub reads as Markdown: the text outside of code."""
    tokens = MarkdownIt("commonmark").enable("table").parse(comment)
    children = [child for token in tokens for child in token.children or []]
    return "\n".join(child.content for child in children if child.type != "code_inline")


def test_whole_comment() -> None:
    comment = render_plan_markdown(
        plan(samples.CREATE, samples.UPDATE, samples.DELETE, samples.CALLS, drift=samples.DRIFT[:1]),
        commit="0123abc",
        digest=DIGEST,
        artifact="https://ci.example/run/1",
        stack="eu/prod",
        plan_file="plan files/eu.json",
    )
    assert (
        comment
        == f"""\
<!-- voiceform:plan stack=eu/prod -->
## voiceform plan: `eu/prod`

**Plan: 2 to create, 1 to update, 1 to delete, 12 calls to place.**

| Commit | Plan | Made at | Account | Digest |
| --- | --- | --- | --- | --- |
| `0123abc` | `7f3a` | `2026-01-02T03:04:05Z` | `AC00000000000000000000000000000000` | `{DIGEST}` |

### Destroys (1)

```diff
- delete queue.old (QU22222222222222222222222222222222)
      not declared
-     friendly_name: "Old"
-     max_size: 100
!     3 callers are waiting; the API refuses to delete a queue that is not empty
```

### Calls people (1)

```diff
! > create call.reminder, places 12 calls
      due
+     to: ["+1•••••5310"]
+     from: "+1•••••2661"
+     sip_auth_password: (sensitive)
```

### Creates (1)

```diff
+ create queue.support
      declared
+     friendly_name: "Support"
+     max_size: 200
```

### Updates (1)

```diff
! ~ update queue.sales (QU11111111111111111111111111111111)
      differs
!     ~ max_size: 100 -> 200
!     12 callers are waiting (average 95 s)
```

<details><summary>Changed outside of voiceform (1)</summary>

```diff
! queue.moved (QU33333333333333333333333333333333) has changed
!     ~ max_size: 5 -> 6
      changed in the Console
```

</details>

The plan as a file: [the plan](https://ci.example/run/1).

To apply exactly this plan:

```sh
voiceform apply 'plan files/eu.json' --expect-digest {DIGEST}
```
"""
    )


def test_a_plan_is_known_by_what_it_does_and_its_own_digest_is_not_printed() -> None:
    shown = plan(samples.CALLS)
    digest, reviewed = str(plan_to_document(shown)["digest"]), review_digest(shown, None)
    saved = render_plan_markdown(shown, plan_file="p.json")
    assert f"voiceform apply p.json --expect-digest {reviewed}\n" in saved
    assert digest not in saved
    again = render_plan_markdown(replace(shown, excludes=("queue.*",)))
    assert f"voiceform apply --exclude 'queue.*' --expect-digest {review_digest(shown, None)}\n" in again
    assert digest not in again
    destroy = render_plan_markdown(replace(shown, mode=Mode.DESTROY))
    assert "\nvoiceform destroy --expect-digest review:" in destroy


def test_blocked_comes_first_and_is_named_before_the_command() -> None:
    comment = render_plan_markdown(samples.full_plan())
    assert comment.index("Blocked: apply refuses this plan") < comment.index("### Destroys (2)")
    assert "--approve delete:queue=12" in comment
    assert "What is blocked has to be resolved or approved first." in comment


@pytest.mark.parametrize("shown", [plan(), plan(samples.CREATE, mode=Mode.REVIEW, account_sid=None)])
def test_nothing_to_apply_has_no_command(shown: Plan) -> None:
    assert "voiceform apply" not in render_plan_markdown(shown)


def test_markers_find_their_stack_and_no_other() -> None:
    assert comment_marker() == "<!-- voiceform:plan -->"
    assert comment_marker("a--b --> <x>") == "<!-- voiceform:plan stack=a-%2Db%20-%2D%3E%20%3Cx%3E -->"
    assert render_plan_markdown(plan(), stack="a").startswith(comment_marker("a") + "\n")
    assert comment_marker("x" * 999) != comment_marker("x" * 998)
    assert len(comment_marker("\U0001f468" * 999)) < 200


@pytest.mark.parametrize("count", [0, 1, 50, 5_000])
@pytest.mark.parametrize("limit", [SMALLEST_LIMIT, 10_000, 65_000])
def test_comment_keeps_within_its_limit(count: int, limit: int) -> None:
    comment = render_plan_markdown(samples.large_plan(count), limit=limit)
    assert size(comment) <= limit
    if count == 5_000:
        assert size(comment) > limit * 0.6


def test_large_plan_shows_deletions_first_and_says_what_is_missing() -> None:
    comment = render_plan_markdown(
        samples.large_plan(5_000), artifact="https://ci.example/1", plan_file="p.json"
    )
    assert comment.count("- delete queue.old-") == 50
    missing = re.search(r"left out here: ([\d,]+) updates\.\*\* All of it is in (.*)\.\n", comment)
    assert missing is not None
    assert int(missing[1].replace(",", "")) + comment.count("~ update queue.q-") == 4_950
    assert missing[2] == "[the plan](https://ci.example/1) and in the output of `voiceform show p.json`"


def test_one_huge_change_is_cut_not_dropped() -> None:
    huge = replace(samples.DELETE, impact=("waiting " * 5_000, "`" * 9_000, "last"))
    comment = render_plan_markdown(plan(huge), limit=5_000)
    assert size(comment) <= 5_000
    assert "delete queue.old" in comment
    assert "not shown" in comment


def test_many_updates_are_folded_after_the_first_twenty() -> None:
    comment = render_plan_markdown(samples.large_plan(50))
    before, _, folded = comment.partition("<details><summary>30 more</summary>")
    assert before.count("~ update") == 20
    assert folded.count("~ update") == 30


def test_limit_that_holds_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        render_plan_markdown(plan(), limit=100)
    with pytest.raises(ValueError, match="alone are longer"):
        render_plan_markdown(plan(samples.CREATE), limit=SMALLEST_LIMIT, plan_file="x" * 5_000)


def test_artifact_is_a_link_only_when_it_is_an_address() -> None:
    assert "`javascript:alert(1)`" in render_plan_markdown(plan(), artifact="javascript:alert(1)")
    assert "(https://x.example/a%29%20b)" in render_plan_markdown(plan(), artifact="https://x.example/a) b")


@settings(max_examples=60)
@given(plans(), st.one_of(st.none(), texts), st.sampled_from((SMALLEST_LIMIT, 65_000)))
def test_no_text_leaves_its_code(shown: Plan, stack: str | None, limit: int) -> None:
    try:
        comment = render_plan_markdown(shown, stack=stack, limit=limit)
    except ValueError:  # what a comment cannot do without is too long for this limit
        reject()
    assert size(comment) <= limit
    assert "+15558675310" not in comment
    outside = prose(comment)
    for sign in ("@", "script", "http", "www.", "GH-2", "octo-org", "javascript", "<img", "hunter2"):
        assert sign not in outside
    assert not re.search(r"#\d", outside)
    blocks = [t for t in MarkdownIt("commonmark").parse(comment) if t.type == "html_block"]
    allowed = re.compile(r"(<!-- voiceform:plan( stack=\S*)? -->|</?details>(<summary>.*</summary>)?)\n?")
    assert all(allowed.match(block.content) for block in blocks)
    assert comment.count("<details>") == comment.count("</details>") or "details>" in str(shown)
