"""Step 3 against the engine's translation of the answer's own English section, each translated once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from taco.evaluate.options import EvaluateOptions
from taco.evaluate.run import run_evaluate
from taco.evaluate.scores import Scores, read_scores
from taco.evaluate.step3 import FILE, SectionTranslation, read_translations, translate_sections
from taco.languages.table import Language
from taco.progress import SilentProgress
from taco.records import Answer, Example
from taco.store.jsonl import write_records
from taco.translate.options import TranslateOptions
from taco.translate.run import Means, Payer

MakeExample = Callable[..., Example]
MakeAnswer = Callable[..., Answer]
CHAIN = "Instruction in English:\nWhy?\n\nResponse in English:\n{}\n\nResponse in Galician:\n{}"
OWN = "The sky is red.\n- one\n- two"


@pytest.fixture
def folder(tmp_path: Path, make_example: MakeExample, make_answer: MakeAnswer) -> Path:
    examples = [make_example(number) for number in range(4)]
    texts = [examples[0].completion, CHAIN.format(OWN, OWN), CHAIN.format(OWN, "Nada."), "No labels."]
    tuned = [make_answer(example, text) for example, text in zip(examples, texts, strict=True)]
    base = [make_answer(example, example.chain.response_en, arm="base", state="no-chain") for example in examples]
    write_records(tmp_path / "chain" / "heldout.jsonl", examples)
    write_records(tmp_path / "generate" / "base.jsonl", base)
    write_records(tmp_path / "generate" / "tuned.jsonl", tuned)
    return tmp_path


def translate(folder: Path, language: Language) -> dict[str, SectionTranslation]:
    translate_sections(
        Means(
            translate=TranslateOptions(engine="echo"),
            memory=folder / "memory.sqlite",
            payer=Payer(run="run", account="account"),
        ),
        chain=folder / "chain",
        answers=folder / "generate",
        out=folder / "evaluate",
        language=language,
        progress=SilentProgress(),
    )
    return read_translations(folder / "evaluate" / FILE)


def evaluate(folder: Path, language: Language) -> Scores:
    run_evaluate(
        EvaluateOptions(bootstrap_samples=100),
        chain=folder / "chain",
        answers=folder / "generate",
        out=folder / "evaluate",
        language=language,
        seed=1,
        progress=SilentProgress(),
    )
    return read_scores(folder / "evaluate" / "scores.json")


def test_each_english_section_is_translated_once_with_its_layout(folder: Path, galician: Language) -> None:
    found = translate(folder, galician)
    assert OWN in found
    assert len(found) == 2  # the references' own, which one answer repeats, and the one that two answers share
    assert found[OWN].target.count("\n- ") == 2
    assert all(one.engine for one in found.values())


def test_target_sections_are_held_against_it(folder: Path, galician: Language) -> None:
    found = translate(folder, galician)
    scores = evaluate(folder, galician)
    values = [row.values["chrf_step3"] for row in scores.per_row if row.arm == "tuned"]
    assert found[OWN].target == OWN
    assert values[1] == 100
    assert values[2] is not None
    assert values[2] < 10
    assert values[3] is None  # no English section: unscored, not zero
    assert scores.arms["base"].metrics["chrf_step3"].n == 0
    assert "echo" in scores.signatures["step 3"]
    assert f"evaluate/{FILE}" in scores.inputs


def test_without_translations_there_is_no_such_measure(folder: Path, galician: Language) -> None:
    scores = evaluate(folder, galician)
    assert scores.find_metric("chrf_step3") is None
    assert "step 3" not in scores.signatures
