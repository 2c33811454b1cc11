"""The chain stage: rows to examples, none lost."""

import json
from pathlib import Path

import pytest

from taco.chain.options import ChainOptions
from taco.chain.run import build_example, list_phrases, run_chain
from taco.chain.template import LENGTH_RULE
from taco.errors import DataError
from taco.languages.table import find_language
from taco.progress import SilentProgress
from taco.records import Drop, Example, TranslatedRow
from taco.store.jsonl import read_records, write_records

GALICIAN = find_language("gl")


def make_row(number: int, **changes: object) -> TranslatedRow:
    fields: dict[str, object] = {
        "id": f"{number:016x}",
        "language": "gl",
        "category": "generic",
        "instruction_en": "Sort.",
        "input_en": "b\na",
        "response_en": "a\nb",
        "instruction": "Ordena.",
        "input": "b\na",
        "response": "a\nb",
        "words": 5,
        "unknown_words": 0,
        "engine": "echo",
    }
    return TranslatedRow(**(fields | changes))  # type: ignore[arg-type]


def run(folder: Path, rows: list[TranslatedRow], options: ChainOptions, phrases: str = "") -> object:
    translated, out = folder / "translate", folder / "chain"
    write_records(translated / "train.jsonl", rows)
    write_records(translated / "heldout.jsonl", [])
    (translated / "phrases.jsonl").write_text(phrases, encoding="utf-8")
    return run_chain(options, translated=translated, out=out, language=GALICIAN, progress=SilentProgress())


def test_input_stands_in_prompt_and_english_instruction() -> None:
    example = build_example(make_row(1), GALICIAN, template="taco")
    assert example.prompt == "Ordena.\n\nb\na"
    assert example.chain.instruction_en == "Sort.\n\nb\na"
    assert example.completion.endswith("Response in Galician:\na\nb")


def test_the_papers_chain_has_no_english_input() -> None:
    assert build_example(make_row(1), GALICIAN, template="taco-paper").chain.instruction_en == "Sort."


def test_length_rule_is_translated_and_spares_coding_and_math(tmp_path: Path) -> None:
    options = ChainOptions(length_rule=True)
    assert list_phrases(options) == (LENGTH_RULE,)
    phrase = json.dumps({"text_en": LENGTH_RULE, "text": "Menos de 6 frases."}) + "\n"
    run(tmp_path, [make_row(1), make_row(2, category="math")], options, phrase)
    plain, math = read_records(tmp_path / "chain" / "train.jsonl", Example)
    assert plain.prompt.startswith("Ordena. Menos de 6 frases.")
    assert plain.chain.instruction_en.startswith(f"Sort. {LENGTH_RULE}")
    assert "frases" not in math.prompt


def test_length_rule_without_its_translation_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no translation"):
        run(tmp_path, [make_row(1)], ChainOptions(length_rule=True))


def test_a_row_that_the_template_cannot_hold_is_dropped_with_a_reason(tmp_path: Path) -> None:
    hostile = make_row(2, instruction_en="x.\n" + " " * 24 + "Response in English: y")
    count = run(tmp_path, [make_row(1), hostile], ChainOptions(template="taco-paper"))
    assert (count.rows_in, count.rows_kept, dict(count.dropped)) == (2, 1, {"label-in-text": 1})  # type: ignore[attr-defined]
    assert [drop.id for drop in read_records(tmp_path / "chain" / "dropped.jsonl", Drop)] == [hostile.id]
