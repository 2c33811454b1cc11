"""The chain stage: rows to examples, none lost."""

import json
from pathlib import Path

import pytest

from taco.chain.options import ChainOptions
from taco.chain.run import build_examples, list_phrases, run_chain
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
    (example,) = build_examples(make_row(1), GALICIAN, template="taco")
    assert example.prompt == "Ordena.\n\nb\na"
    assert example.chain.instruction_en == "Sort.\n\nb\na"
    assert example.completion.endswith("Response in Galician:\na\nb")


def test_the_papers_chain_has_no_english_input() -> None:
    (example,) = build_examples(make_row(1), GALICIAN, template="taco-paper")
    assert example.chain.instruction_en == "Sort."


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


def test_translation_pairs_give_four_examples_of_a_row_and_one_of_a_heldout_row(tmp_path: Path) -> None:
    rows = [make_row(number) for number in range(1, 6)]
    translated = tmp_path / "translate"
    write_records(translated / "train.jsonl", rows[:2])
    write_records(translated / "heldout.jsonl", rows[2:])
    options = ChainOptions(template="translate-only")
    count = run_chain(
        options, translated=translated, out=tmp_path / "chain", language=GALICIAN, progress=SilentProgress()
    )
    assert (count.rows_in, count.rows_kept, count.counters["examples"]) == (5, 5, 2 * 4 + 3)
    train = list(read_records(tmp_path / "chain" / "train.jsonl", Example))
    assert [(example.id, example.prompt, example.completion) for example in train[:4]] == [
        (f"{1:016x}:question-to-english", "Ordena.\n\nb\na", "Sort.\n\nb\na"),
        (f"{1:016x}:response-to-target", "a\nb", "a\nb"),
        (f"{1:016x}:response-to-english", "a\nb", "a\nb"),
        (f"{1:016x}:question-to-target", "Sort.\n\nb\na", "Ordena.\n\nb\na"),
    ]
    assert {example.row_id for example in train} == {row.id for row in rows[:2]}
    heldout = list(read_records(tmp_path / "chain" / "heldout.jsonl", Example))
    assert [example.id.partition(":")[2] for example in heldout] == [
        "question-to-english",
        "response-to-target",
        "response-to-english",
    ]


def test_heldout_rows_may_take_another_format(tmp_path: Path) -> None:
    translated, out = tmp_path / "translate", tmp_path / "chain"
    write_records(translated / "train.jsonl", [make_row(1)])
    write_records(translated / "heldout.jsonl", [make_row(2)])
    options = ChainOptions(template="question-translation", heldout_template="direct")
    count = run_chain(options, translated=translated, out=out, language=GALICIAN, progress=SilentProgress())
    (heldout,) = read_records(out / "heldout.jsonl", Example)
    assert (heldout.template, heldout.completion, heldout.chain.response_en) == ("direct", "a\nb", "")
    assert count.counters == {"template": "question-translation v1", "heldout_template": "direct v1"}


def test_the_files_of_the_taco_format_are_as_they_were(tmp_path: Path) -> None:
    # The line as taco 0.1.0 first wrote it: a run's digests, and so its results, hang on every byte.
    run(tmp_path, [make_row(1)], ChainOptions())
    assert (tmp_path / "chain" / "train.jsonl").read_text(encoding="utf-8") == (
        '{"id":"0000000000000001","language":"gl","category":"generic","template":"taco","system":"Translate the following '
        "instructions from Galician to English, formulate a response in English, and then translate that response back "
        'into Galician.","prompt":"Ordena.\\n\\nb\\na","completion":"Instruction in English:\\nSort.\\n\\nb\\na\\n\\n'
        'Response in English:\\na\\nb\\n\\nResponse in Galician:\\na\\nb","chain":{"instruction_en":"Sort.\\n\\nb\\na",'
        '"response_en":"a\\nb","response":"a\\nb"}}\n'
    )
