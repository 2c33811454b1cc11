"""Repairs are shown beside the scores and never in them."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable

import pytest
from made_run import MadeRun, make_answer
from page_reader import Page, check_harmless
from rich.console import Console

from taco.chain.formats import find_template
from taco.evaluate.scores import read_scores
from taco.records import Repair
from taco.report.terminal import render_table


def break_chains(run: MadeRun, count: int) -> None:
    """Take the target section from some tuned answers, and let a repair put it back."""
    heading = find_template("taco").separators(run.language)[2]
    for place, answer in enumerate(run.tuned[:count]):
        text = run.examples[place].completion.partition(heading)[0]
        bare = make_answer(run.examples[place], "tuned", text, language=run.language)
        added = f"{heading}{run.examples[place].chain.response}"
        repair = Repair(
            kind="heading",
            section="response",
            start=len(text),
            removed="",
            added=added,
            found="<b>ended: stop</b>",
            outcome="continued",
            finish="stop",
            tokens=7,
            seconds=0.25,
        )
        run.tuned[place] = dataclasses.replace(bare, id=answer.id, repairs=(repair,))


def test_scores_are_of_the_raw_answers_and_repairs_stand_beside(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    before = run.tuned[:]
    break_chains(run, 2)
    repaired = run.tuned[:]
    run.tuned = [dataclasses.replace(answer, repairs=()) for answer in repaired]
    run.write()
    plain = read_scores(run.folder / "evaluate" / "scores.json").arms["tuned"]
    run.tuned = repaired
    run.write()
    scores = read_scores(run.folder / "evaluate" / "scores.json")
    tuned = scores.arms["tuned"]
    assert plain.repairs is None
    assert tuned.model_copy(update={"repairs": None}) == plain
    assert scores.arms["base"].repairs is None
    found = tuned.repairs
    assert found is not None
    assert (found.answers, found.tokens, found.seconds, found.outcomes) == (2, 14, 0.5, {"continued": 2})
    rows = len(before)
    assert found.kinds["heading"].value == round(2 / rows, 6)
    assert found.kinds["loop"].value == 0
    difference = found.differences["complete_chain"].value
    assert difference == round(2 / rows, 6)
    raised = (plain.metrics["complete_chain"].value or 0) + 2 / rows
    assert found.metrics["complete_chain"].value == pytest.approx(raised, abs=1e-5)
    assert sum(found.states.values()) == rows
    assert not any(name.startswith(("tokens", "seconds")) for name in found.metrics)


def test_the_page_shows_both_ways(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    assert 'id="repairs"' not in run.report()
    break_chains(run, 2)
    text = run.report()
    page = Page(text)
    check_harmless(page)
    assert 'id="repairs"' in text
    assert "2 of" in text
    assert "a heading was missing" in text
    assert 'href="#repairs"' in text


def test_the_terminal_says_what_the_guard_is_worth(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    break_chains(run, 2)
    run.write()
    written = io.StringIO()
    Console(width=80, file=written).print(render_table(read_scores(run.folder / "evaluate" / "scores.json")))
    text = " ".join(written.getvalue().split())
    assert "With the chain guard's repairs (tuned: 2 heading); complete chains 33.3 % to 66.7 %." in text
