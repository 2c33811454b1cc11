"""Every reply is paid for once; a busy judge is waited for; what has no verdict is asked again, and then unscored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from judge_server import FakeJudge, open_judge_at, rate, submit, write

from faulty_server import Drop, FaultyServer, Reply, Request, reply_json, say
from instant_clock import InstantClock
from taco.errors import BudgetError, JudgeError, StoreError
from taco.evaluate.judge import asking
from taco.evaluate.judge.asking import Asker, Outcome
from taco.evaluate.judge.prompt import JudgePrompt, Scale, make_single_prompt
from taco.evaluate.judge.store import ReplyStore
from taco.progress import SilentProgress
from taco.store.memory import Budget

PRICES = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 10.0}
CALL_USD = (400 * 1.0 + 100 * 10.0) / 1e6
"""What a reply of `judge_server.write` costs at these prices."""


def make_prompts(count: int, *, form: Any = "json") -> list[JudgePrompt]:
    return [
        make_single_prompt(submit(f"Resposta {n}.", id=str(n)), kind="single", form=form, scale=Scale())
        for n in range(count)
    ]


def ask(
    server: FaultyServer,
    path: Path,
    prompts: list[JudgePrompt],
    *,
    attempts: int = 3,
    budget_usd: float | None = None,
    **options: Any,
) -> list[Outcome]:
    judge = open_judge_at(server.url, **{**PRICES, **options})
    budget = Budget(account="run", usd=budget_usd)
    with ReplyStore(path) as store:
        asker = Asker(judge, store, budget=budget, attempts=attempts, progress=SilentProgress(), clock=InstantClock())
        try:
            outcomes = asker.ask_all(prompts)
        finally:
            judge.close()
    return [outcomes[prompt.make_key(judge.signature)] for prompt in prompts]


def spend(path: Path) -> Any:
    with ReplyStore(path) as store:
        return store.read_spending("run")


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    with FaultyServer(FakeJudge(lambda *_: rate(7))) as server:
        first = ask(server, path, make_prompts(5) + make_prompts(5))
        again = ask(server, path, make_prompts(6))
    assert [outcome.reading.score for outcome in first] == [7] * 10
    assert [outcome.reading.score for outcome in again] == [7] * 6
    assert len(server.requests) == 6
    assert spend(path).usd == pytest.approx(6 * CALL_USD)
    assert (spend(path).tokens_sent, spend(path).tokens_written) == (2400, 600)


def test_another_judge_or_other_settings_are_asked_anew(tmp_path: Path) -> None:
    path = tmp_path / "replies.sqlite"
    with FaultyServer(FakeJudge(lambda *_: rate(7))) as server:
        for options in ({}, {"model": "b"}, {"temperature": 0.5}, {"seed": 2}, {"max_tokens": 99}):
            ask(server, path, make_prompts(1), **options)
        assert len(server.requests) == 5


def test_the_request_is_repeatable_and_its_form_is_enforced(tmp_path: Path) -> None:
    with FaultyServer(FakeJudge(lambda *_: rate(7))) as server:
        ask(server, tmp_path / "a.sqlite", make_prompts(1))
        ask(server, tmp_path / "a.sqlite", make_prompts(1, form="plain"), max_tokens_field="max_tokens", seed="default")
        asked, plain = (request.json for request in server.requests)
    assert (asked["model"], asked["temperature"], asked["seed"]) == ("a-judge", 0.0, 1)
    assert asked["max_completion_tokens"] == 1024
    form = asked["response_format"]["json_schema"]
    assert form["strict"] is True and form["schema"]["required"] == ["explanation", "rating"]
    assert plain["max_tokens"] == 1024 and not {"seed", "response_format", "max_completion_tokens"} & set(plain)


def test_a_server_without_structured_output_is_asked_plainly(tmp_path: Path) -> None:
    def answer(request: Request) -> Reply:
        if "response_format" in request.json:
            return reply_json({"error": {"message": "response_format is not supported"}}, 400)
        return rate(6)

    with FaultyServer(answer) as server:
        outcomes = ask(server, tmp_path / "a.sqlite", make_prompts(3), parallel_calls=1)
        assert [outcome.reading.score for outcome in outcomes] == [6] * 3
        assert len(server.requests) == 4


def test_a_reply_without_a_verdict_is_asked_again_with_another_seed(tmp_path: Path) -> None:
    with FaultyServer(FakeJudge(lambda _, times: write("I like it.") if times < 3 else rate(4))) as server:
        (outcome,) = ask(server, tmp_path / "a.sqlite", make_prompts(1))
        assert [request.json["seed"] for request in server.requests] == [1, 2, 3]
    assert (outcome.reading.score, outcome.unreadable, len(outcome.replies)) == (4, 2, 3)
    assert spend(tmp_path / "a.sqlite").usd == pytest.approx(3 * CALL_USD)


def test_after_all_attempts_it_stays_unscored_and_is_not_paid_for_again(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with FaultyServer(FakeJudge(lambda *_: write("I like it."))) as server:
        for _ in range(2):
            (outcome,) = ask(server, path, make_prompts(1))
            assert (outcome.reading.score, outcome.reading.reason, outcome.unreadable) == (None, "no-rating", 3)
        assert len(server.requests) == 3
        ask(server, path, make_prompts(1), attempts=5)
        assert len(server.requests) == 5


def test_a_verdict_is_never_carried_over_to_the_next_answer(tmp_path: Path) -> None:
    def verdict(answer: str, _: int) -> Reply:
        return rate(9) if answer == "Resposta 0." else write("Rating: none")

    with FaultyServer(FakeJudge(verdict)) as server:
        outcomes = ask(server, tmp_path / "a.sqlite", make_prompts(4), parallel_calls=1)
    assert [outcome.reading.score for outcome in outcomes] == [9, None, None, None]


def test_faults_are_waited_out_and_turned_away_calls_are_free(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with FaultyServer(FakeJudge(lambda *_: rate(7))) as server:
        server.faults.extend(
            [
                say(reply_json({"error": {"message": "slow down"}}, 429, Retry_After="7")),
                say(Reply(b"oops", 500)),
                Drop(),
                say(Reply(rate(7).body, 200, {"Content-Type": "application/json"}, is_cut=True)),
                say(Reply(b"<html><title>Gateway</title></html>", 200)),
            ]
        )
        outcomes = ask(server, path, make_prompts(3), parallel_calls=1)
    assert [outcome.reading.score for outcome in outcomes] == [7] * 3
    spent = spend(path)
    assert (spent.calls, spent.answered, spent.failed, spent.lost) == (8, 3, 5, 0)
    # Cut off and garbled calls may have been charged: their estimates stay, which cost more than an answer did.
    assert spent.usd > 6 * CALL_USD


def test_a_judge_that_stays_busy_is_given_up_and_what_came_back_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"

    def verdict(answer: str, _: int) -> Reply:
        return rate(7) if answer == "Resposta 0." else Reply(b"", 503)

    with FaultyServer(FakeJudge(verdict)) as server:
        with pytest.raises(JudgeError, match="still busy after 8 attempts"):
            ask(server, path, make_prompts(2), parallel_calls=1)
        server.answer = FakeJudge(lambda *_: rate(5))
        before = len(server.requests)
        outcomes = ask(server, path, make_prompts(2))
        assert len(server.requests) == before + 1
    assert [outcome.reading.score for outcome in outcomes] == [7, 5]


@pytest.mark.parametrize(
    ("status", "message"), [(401, "no such key"), (404, "no such model"), (429, "insufficient_quota")]
)
def test_a_judge_that_cannot_go_on_ends_the_run(tmp_path: Path, status: int, message: str) -> None:
    with (
        FaultyServer(say(reply_json({"error": {"message": message}}, status))) as server,
        pytest.raises(JudgeError, match=message),
    ):
        ask(server, tmp_path / "a.sqlite", make_prompts(3), parallel_calls=1)
    assert len(server.requests) == 1
    assert spend(tmp_path / "a.sqlite").usd == 0


def test_a_prompt_that_is_turned_away_is_unscored_and_the_others_go_on(tmp_path: Path) -> None:
    def verdict(answer: str, _: int) -> Reply:
        return reply_json({"error": {"message": "too long"}}, 400) if answer == "Resposta 1." else rate(7)

    with FaultyServer(FakeJudge(verdict)) as server:
        outcomes = ask(server, tmp_path / "a.sqlite", make_prompts(3))
    assert [(outcome.reading.score, outcome.reading.reason) for outcome in outcomes] == [
        (7, ""),
        (None, "rejected"),
        (7, ""),
    ]


def test_a_judge_that_grades_nothing_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "USELESS_IN_A_ROW", 10)
    with FaultyServer(FakeJudge(lambda *_: write("Moi ben."))) as server:
        with pytest.raises(JudgeError, match="no verdict 10 times in a row"):
            ask(server, tmp_path / "a.sqlite", make_prompts(40), parallel_calls=1)
        assert len(server.requests) == 10


def test_the_budget_is_a_hard_stop_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with FaultyServer(FakeJudge(lambda *_: rate(7))) as server:
        limit = 0.03
        with pytest.raises(BudgetError, match=r"The budget of \$0\.03 is spent"):
            ask(server, path, make_prompts(40), budget_usd=limit)
        made = len(server.requests)
        assert 0 < made < 40
        assert spend(path).usd <= limit
        outcomes = ask(server, path, make_prompts(40), budget_usd=1.0)
        assert len(server.requests) == 40
    assert [outcome.reading.score for outcome in outcomes] == [7] * 40


def test_a_damaged_store_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"store of verdicts .* cannot be used"):
        ReplyStore(path)


def test_no_key_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "s3cret-key")
    with FaultyServer(say(reply_json({"error": {"message": "bad key s3cret-key"}}, 401))) as server:
        with pytest.raises(JudgeError) as caught:
            ask(server, tmp_path / "a.sqlite", make_prompts(1), api_key_env="A_KEY")
        assert server.requests[0].headers["authorization"] == "Bearer s3cret-key"
    assert "s3cret" not in str(caught.value) and "A_KEY" in str(caught.value)
    assert b"s3cret" not in (tmp_path / "a.sqlite").read_bytes()
