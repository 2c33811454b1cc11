"""The evaluate stage: nothing is lost, unscored is not zero, the same input gives the same bytes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from taco.errors import DataError
from taco.evaluate.options import EvaluateOptions
from taco.evaluate.run import run_evaluate
from taco.evaluate.scores import Scores, read_scores
from taco.languages.table import Language, find_language
from taco.progress import SilentProgress
from taco.records import Answer, Drop, Example, StageCount
from taco.store.files import digest_file
from taco.store.jsonl import read_records, write_records

MakeExample = Callable[..., Example]
MakeAnswer = Callable[..., Answer]
Six = tuple[list[Example], list[Answer], list[Answer]]
OPTIONS = EvaluateOptions(bootstrap_samples=200)


@pytest.fixture
def evaluate(tmp_path: Path, galician: Language) -> Callable[..., tuple[StageCount, Scores]]:
    def run(
        examples: list[Example],
        base: list[Answer],
        tuned: list[Answer],
        *,
        language: Language = galician,
        seed: int = 17,
    ) -> tuple[StageCount, Scores]:
        write_records(tmp_path / "chain" / "heldout.jsonl", examples)
        write_records(tmp_path / "generate" / "base.jsonl", base)
        write_records(tmp_path / "generate" / "tuned.jsonl", tuned)
        count = run_evaluate(
            OPTIONS,
            chain=tmp_path / "chain",
            answers=tmp_path / "generate",
            out=tmp_path / "evaluate",
            language=language,
            seed=seed,
            progress=SilentProgress(),
        )
        return count, read_scores(tmp_path / "evaluate" / "scores.json")

    return run


@pytest.fixture
def six(make_example: MakeExample, make_answer: MakeAnswer) -> Six:
    """Six rows of two categories: the base model writes English, the tuned one five whole chains and one cut off."""
    examples = [make_example(number, category="math" if number % 2 else "writing") for number in range(6)]
    base = [make_answer(example, example.chain.response_en, arm="base", state="no-chain") for example in examples]
    tuned = [make_answer(example) for example in examples[:5]]
    cut = examples[5].completion.partition("Response in Galician:")[0]
    return examples, base, [*tuned, make_answer(examples[5], cut, finish="length", state="missing-response")]


def test_scores_of_both_arms(evaluate: Callable[..., tuple[StageCount, Scores]], six: Six) -> None:
    count, scores = evaluate(*six)
    assert (count.rows_in, count.rows_kept, dict(count.dropped)) == (12, 12, {})
    assert count.is_balanced()
    tuned, base = scores.arms["tuned"], scores.arms["base"]
    assert tuned.states == {"complete": 5, "missing-response": 1}
    assert tuned.finishes == {"length": 1, "stop": 5}
    assert base.states == {"no-chain": 6}
    assert tuned.metrics["complete_chain"].value == pytest.approx(5 / 6, abs=1e-5)
    assert tuned.metrics["chrf_response"].value == pytest.approx(500 / 6, abs=1e-4)
    assert (tuned.metrics["chrf_response"].n, tuned.metrics["chrf_response"].missing) == (6, 1)
    assert base.metrics["chrf_response"].missing == 6
    assert (tuned.metrics["section_in_target"].n, tuned.metrics["section_in_target"].unscored) == (5, 1)
    assert tuned.best_of_section == {"gl": 5}
    assert tuned.best_of_reply == {"": 1, "gl": 5}
    assert base.best_of_reply == {"en": 6}
    assert scores.reference is not None
    assert scores.reference.metrics["complete_chain"].value == 1
    assert scores.reference.metrics["tokens"].value is None


def test_differences_are_paired(evaluate: Callable[..., tuple[StageCount, Scores]], six: Six) -> None:
    examples, base, tuned = six
    _, scores = evaluate(examples, base[1:], tuned[:5])
    difference = scores.differences["complete_chain"]
    assert (difference.value, difference.n) == (1, 4)
    values = {(row.arm, row.id): row.values["chrf_reply"] for row in scores.per_row}
    both = [example.id for example in examples[1:5]]
    expected = sum(values["tuned", key] - values["base", key] for key in both) / 4
    assert scores.differences["chrf_reply"].value == pytest.approx(expected, abs=1e-4)
    assert scores.corpus_differences["chrf_reply"].n == 4


def test_rows_without_an_answer_are_named_and_in_no_mean(
    evaluate: Callable[..., tuple[StageCount, Scores]],
    six: Six,
) -> None:
    examples, base, tuned = six
    count, scores = evaluate(examples, base, tuned[:4])
    assert scores.arms["tuned"].unanswered == (examples[4].id, examples[5].id)
    assert scores.arms["tuned"].metrics["complete_chain"].value == 1
    assert count.counters["unanswered_tuned"] == 2
    assert count.rows_in == 10


def test_categories_and_rows_add_up(evaluate: Callable[..., tuple[StageCount, Scores]], six: Six) -> None:
    _, scores = evaluate(*six)
    categories = scores.arms["tuned"].categories
    assert {name: found["tokens"].n for name, found in categories.items()} == {"math": 3, "writing": 3}
    assert len(scores.per_row) == 12
    assert scores.arms["tuned"].failures == {"cut-off": 1, "missing-section": 1}


def test_answers_that_belong_to_no_row_are_dropped_with_a_reason(
    evaluate: Callable[..., tuple[StageCount, Scores]],
    six: Six,
    make_example: MakeExample,
    make_answer: MakeAnswer,
    tmp_path: Path,
) -> None:
    examples, base, tuned = six
    strange = make_answer(make_example(99))
    stale = make_answer(examples[0], prompt="Cantas patas ten unha araña?")
    count, scores = evaluate(examples, base, [strange, stale, *tuned, tuned[1]])
    assert dict(count.dropped) == {"unknown-id": 1, "other-prompt": 1, "doubled": 1}
    assert count.is_balanced()
    assert scores.arms["tuned"].rows == 6
    drops = {drop.reason: drop for drop in read_records(tmp_path / "evaluate" / "dropped.jsonl", Drop)}
    assert drops["unknown-id"].origin == "tuned.jsonl:1"
    assert "araña" in drops["other-prompt"].detail


def test_two_different_answers_to_one_row_are_refused(
    evaluate: Callable[..., tuple[StageCount, Scores]],
    six: Six,
    make_answer: MakeAnswer,
) -> None:
    examples, base, tuned = six
    with pytest.raises(DataError, match=r"tuned\.jsonl:7 is a second, different answer"):
        evaluate(examples, base, [*tuned, make_answer(examples[0], "other words")])


def test_answers_in_the_wrong_file_are_refused(
    evaluate: Callable[..., tuple[StageCount, Scores]],
    six: Six,
) -> None:
    examples, base, tuned = six
    with pytest.raises(DataError, match="arm 'base', expected 'tuned'"):
        evaluate(examples, base, [*tuned, base[0]])


def test_same_bytes_each_time_and_in_any_order_of_answers(
    evaluate: Callable[..., tuple[StageCount, Scores]],
    six: Six,
    tmp_path: Path,
) -> None:
    examples, base, tuned = six
    _, scores = evaluate(examples, base, tuned)
    first = (tmp_path / "evaluate" / "scores.json").read_bytes()
    evaluate(examples, base, tuned)
    assert (tmp_path / "evaluate" / "scores.json").read_bytes() == first
    _, turned = evaluate(examples, base[::-1], tuned[::-1])
    assert turned.per_row == scores.per_row
    assert turned.arms == scores.arms
    _, seeded = evaluate(examples, base, tuned, seed=18)
    assert seeded.per_row == scores.per_row
    assert "PCG64, seed 18;" in seeded.signatures["intervals"]


def test_every_number_can_be_traced(
    evaluate: Callable[..., tuple[StageCount, Scores]],
    six: Six,
    tmp_path: Path,
) -> None:
    _, scores = evaluate(*six)
    assert scores.inputs["generate/tuned.jsonl"] == digest_file(tmp_path / "generate" / "tuned.jsonl")
    assert set(scores.inputs) == {"chain/heldout.jsonl", "generate/base.jsonl", "generate/tuned.jsonl"}
    assert "chrF2++|nrefs:1" in scores.signatures["chrF++"]
    assert "py3langid" in scores.signatures["language"]
    assert "200 resamples, 95 %" in scores.signatures["intervals"]
    assert scores.template == "taco v1"


def test_no_held_out_rows_at_all(evaluate: Callable[..., tuple[StageCount, Scores]]) -> None:
    count, scores = evaluate([], [], [])
    assert count.rows_in == 0
    assert scores.arms["tuned"].metrics["complete_chain"].value is None
    assert scores.reference is None


def test_language_that_the_identifier_does_not_know(
    evaluate: Callable[..., tuple[StageCount, Scores]], make_example: MakeExample, make_answer: MakeAnswer
) -> None:
    awadhi = find_language("awa")
    examples = [make_example(number, language=awadhi) for number in range(3)]
    _, scores = evaluate(
        examples, [make_answer(e, arm="base") for e in examples], [make_answer(e) for e in examples], language=awadhi
    )
    assert not scores.knows_target
    assert scores.arms["tuned"].metrics["reply_in_target"].unscored == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "is missing"), (b"{", "holds no scores"), (b'{"schema_version": 1}', "holds no scores")],
)
def test_scores_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "scores.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_scores(path)


def test_scores_of_another_form_are_refused(
    evaluate: Callable[..., tuple[StageCount, Scores]],
    six: Six,
    tmp_path: Path,
) -> None:
    evaluate(*six)
    path = tmp_path / "evaluate" / "scores.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 9'))
    with pytest.raises(DataError, match="form 9"):
        read_scores(path)


def test_a_heldout_file_with_an_id_twice_is_refused(
    evaluate: Callable[..., tuple[StageCount, Scores]], make_example: MakeExample
) -> None:
    with pytest.raises(DataError, match="twice"):
        evaluate([make_example(1), make_example(1)], [], [])
