"""Two systems against each other, each question in both orders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from judge_server import FakeJudge, submit, write

from faulty_server import FaultyServer, Reply
from instant_clock import InstantClock
from taco.evaluate.judge.hearing import Desk
from taco.evaluate.judge.judgement import PairJudgement
from taco.evaluate.judge.options import JudgeOptions
from taco.evaluate.judge.pairs import PairScores
from taco.evaluate.judge.panel import make_panelist
from taco.evaluate.judge.run import run_judge
from taco.evaluate.judge.scores import read_judge_scores
from taco.evaluate.judge.store import ReplyStore
from taco.evaluate.judge.submission import Submission
from taco.progress import SilentProgress
from taco.store.jsonl import read_records
from taco.store.memory import Budget


def decide(both: str, _: int) -> Reply:
    """Prefer what is good; where nothing is, what is shown first; have nothing to say of what is odd."""
    first, second = both.split("|")
    if "odd" in both:
        return write("Who knows.")
    winner = "A" if "good" in first else "B" if "good" in second else "tie" if "fair" in both else "A"
    return write(json.dumps({"explanation": "[[B]]", "winner": winner}))


def compare(folder: Path, submissions: list[Submission], **options: str) -> tuple[list[PairJudgement], PairScores, int]:
    with FaultyServer(FakeJudge(decide)) as server, ReplyStore(folder / "replies.sqlite") as store:
        settings = {"model": "m", "base_url": f"{server.url}/v1", "api_key_env": ""}
        desk = Desk(store=store, budget=Budget(account="a"), progress=SilentProgress(), clock=InstantClock())
        count = run_judge(
            JudgeOptions(mode="pair", **options),
            [make_panelist("openai", settings, label="j")],
            submissions,
            human=(),
            out=folder,
            desk=desk,
            inputs={},
        )
        calls = len(server.requests)
    assert count.is_balanced()
    (scores,) = read_judge_scores(folder / "scores.json").pairs
    return list(read_records(folder / "pairs.jsonl", PairJudgement)), scores, calls


def pair_up(*answers: tuple[str, str]) -> list[Submission]:
    return [
        submit(answer, id=str(n), system=system)
        for side, system in enumerate(("one", "two"))
        for n, answer in enumerate(both[side] for both in answers)
    ]


def test_a_question_is_won_only_where_it_is_won_in_both_orders(tmp_path: Path) -> None:
    found, scores, calls = compare(
        tmp_path, pair_up(("bad", "good"), ("good too", "bad too"), ("meh", "bad"), ("fair", "bad"), ("odd", "bad"))
    )
    assert [one.winner for one in found] == ["second", "first", "tie", "tie", ""]
    assert [one.by_order for one in found] == [
        ("second", "second"),
        ("first", "first"),
        ("first", "second"),
        ("tie", "tie"),
        ("", ""),
    ]
    assert [one.is_flipped for one in found] == [False, False, True, False, False]
    assert (scores.wins, scores.ties, scores.losses, scores.reasons) == (1, 2, 1, {"no-rating": 1})
    assert (scores.win_rate.value, scores.win_rate.n, scores.win_rate.unscored) == (0.5, 4, 1)
    assert (scores.flips.value, scores.first_shown_wins.value) == (0.25, pytest.approx(4 / 6, abs=1e-6))
    assert calls == 4 * 2 + 2 * 3


def test_what_needs_no_judge_is_not_asked(tmp_path: Path) -> None:
    found, scores, calls = compare(tmp_path, pair_up(("same", "same"), ("", "bad"), ("bad", ""), ("", "")))
    assert [(one.winner, one.reason) for one in found] == [
        ("tie", "equal"),
        ("second", "no-answer"),
        ("first", "no-answer"),
        ("tie", "no-answer"),
    ]
    assert (calls, scores.missing, scores.flips.value) == (0, 3, None)


def test_missing_answers_decide_nothing_where_so_asked(tmp_path: Path) -> None:
    found, scores, _ = compare(tmp_path, pair_up(("", "bad"), ("bad", "good")), missing="unscored")
    assert [one.winner for one in found] == ["", "second"]
    assert (scores.win_rate.value, scores.win_rate.n) == (1.0, 1)


def test_one_order_without_a_verdict_leaves_the_question_open(tmp_path: Path) -> None:
    def hesitate(both: str, _: int) -> Reply:
        return decide(both, 1) if both.startswith("good") else write("Who knows.")

    with FaultyServer(FakeJudge(hesitate)) as server, ReplyStore(tmp_path / "replies.sqlite") as store:
        settings = {"model": "m", "base_url": f"{server.url}/v1", "api_key_env": ""}
        desk = Desk(store=store, budget=Budget(account="a"), progress=SilentProgress(), clock=InstantClock())
        panel = [make_panelist("openai", settings)]
        options = JudgeOptions(mode="pair")
        run_judge(options, panel, pair_up(("good", "bad")), human=(), out=tmp_path, desk=desk, inputs={})
    (one,) = read_records(tmp_path / "pairs.jsonl", PairJudgement)
    assert (one.winner, one.by_order, one.reason) == ("", ("first", ""), "no-rating")
