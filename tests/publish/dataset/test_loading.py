"""What `datasets.load_dataset` makes of a data set folder: configurations, splits, schema, texts in every script."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from made_language import RULE, MadeText, build_language, make_texts

from taco.chain.parse import parse_chain_strict
from taco.chain.template import LENGTH_RULE
from taco.languages.table import ENGLISH, all_languages, find_language
from taco.records import Figures

Load = Callable[..., Mapping[str, Any]]
Write = Callable[..., Path]

pytestmark = pytest.mark.filterwarnings("default")  # those of datasets are not ours

CHAINS = {"instruction": "string", "input": "string", "output": "string"}
TEXTS = ("id", "category", "instruction_en", "input_en", "response_en", "instruction", "input", "response")
PROVENANCE = ("origin", "source_licence", "engine", "hostile")
PARALLEL = {
    **dict.fromkeys((*TEXTS, *PROVENANCE), "string"),
    **dict.fromkeys(("segments", "words", "unknown_words"), "int32"),
    "unknown_share": "float64",
    "gate_language_share": "float64",
    "gate_language": "string",
    "gate_script_share": "float64",
    "gate_length_ratio": "float64",
    "gate_copy_rate": "float64",
    "gate_repetition": "float64",
    "gate_numbers_kept": "float64",
    "gate_entities_kept": "float64",
    "gate_unknown_rate": "float64",
    "gate_round_trip": "float64",
}
RUN = {"id": "string", "segments": "int32", "segments_paid": "int32"}

SCRIPTS = sorted({language.script: language.code for language in all_languages() if language != ENGLISH}.values())
"""A language of every script of the table."""


@pytest.mark.parametrize("gate", [False, True], ids=["no gate", "gate"])
def test_schema_and_splits_are_fixed(tmp_path: Path, write: Write, load: Load, gate: bool) -> None:
    folder = write(build_language(tmp_path / "gl", gate=gate))
    for name, schema in (("gl", CHAINS), ("gl-parallel", PARALLEL), ("gl-run", RUN)):
        loaded = load(folder, name)
        assert {split: rows.num_rows for split, rows in loaded.items()} == {"train": 7, "test": 2}
        assert {column: feature.dtype for column, feature in loaded["train"].features.items()} == schema


def test_every_figure_of_the_gate_has_a_column() -> None:
    assert {f"gate_{field.name}" for field in fields(Figures)} - {"gate_id"} <= PARALLEL.keys()


def test_the_documentation_names_every_column() -> None:
    text = (Path(__file__).parents[3] / "docs" / "dataset.md").read_text(encoding="utf-8")
    assert [name for name in (*CHAINS, *PARALLEL, *RUN) if f"`{name}`" not in text] == []


def test_rows_are_streamed(tmp_path: Path, write: Write, load: Load) -> None:
    folder = write(build_language(tmp_path / "gl"), shard_rows=3)
    rows = load(folder, "gl-parallel", streaming=True)["train"]
    assert [row["instruction_en"] for row in rows] == [f"Say {n}." for n in range(7)]


def test_rows_say_what_the_run_says(tmp_path: Path, write: Write, load: Load) -> None:
    folder = write(build_language(tmp_path / "gl", gate=True), source_licence="CC-BY-4.0")
    chains, parallel, run = (load(folder, name)["train"] for name in ("gl", "gl-parallel", "gl-run"))
    row = parallel[3]
    assert (row["instruction_en"], row["input_en"], row["response_en"]) == ("Say 3.", "Number 3", "It is 3.")
    assert (row["instruction"], row["input"]) == ("galego 3?", "galego 0123456789 3")
    assert row["response"] == "galego: 3\n\n- 0123456789"
    assert (row["origin"], row["source_licence"], row["category"]) == ("rows.jsonl:4", "CC-BY-4.0", "math")
    assert (row["words"], row["unknown_words"], row["unknown_share"]) == (8, 3, 0.375)
    assert (row["gate_language"], row["gate_language_share"], row["gate_length_ratio"]) == ("gl", 0.9, 1.375)
    assert row["gate_round_trip"] is None
    assert parallel[0]["gate_language_share"] is None
    assert parallel["hostile"] == ["", "rhyme", "", "", "", "", ""]
    assert run["segments_paid"] == [0, 1, 2, 0, 1, 2, 0]
    assert run["id"] == parallel["id"]
    chain = parse_chain_strict(chains[3]["output"], template="taco", language=find_language("gl"))
    assert (chain.instruction_en, chain.response) == ("Say 3.\n\nNumber 3", row["response"])
    assert (chains["instruction"], chains["input"]) == (parallel["instruction"], parallel["input"])


def test_without_a_gate_its_columns_are_null(tmp_path: Path, write: Write, load: Load) -> None:
    parallel = load(write(build_language(tmp_path / "gl")), "gl-parallel")["train"]
    assert all(value is None for name in PARALLEL if name.startswith("gate_") for value in parallel[name])


def test_the_instruction_has_the_length_rule_that_the_chain_has(tmp_path: Path, write: Write, load: Load) -> None:
    folder = write(build_language(tmp_path / "gl", rule=RULE))
    row = load(folder, "gl")["train"][0]
    assert row["instruction"] == f"galego 0? {RULE}"
    assert row["input"] == "galego 0123456789 0"
    assert LENGTH_RULE in row["output"]
    assert load(folder, "gl-parallel")["train"][0]["instruction"] == "galego 0?"


@pytest.mark.parametrize("gate", [False, True], ids=["no gate", "gate"])
def test_rows_that_the_run_dropped_are_passed_over(tmp_path: Path, write: Write, load: Load, gate: bool) -> None:
    folder = write(build_language(tmp_path / "gl", gate=gate, dropped=[0, 3, 4]))
    assert load(folder, "gl-parallel")["train"]["instruction_en"] == ["Say 1.", "Say 2.", "Say 5.", "Say 6."]
    assert load(folder, "gl")["train"].num_rows == 4
    assert [share is None for share in load(folder, "gl-parallel")["train"]["gate_language_share"]] == [not gate] * 4


def test_the_only_language_is_loaded_without_a_name(tmp_path: Path, write: Write, load: Load) -> None:
    assert set(load(write(build_language(tmp_path / "gl")), None)["train"].features) == set(CHAINS)


def test_a_split_without_rows_is_left_out(tmp_path: Path, write: Write, load: Load) -> None:
    assert list(load(write(build_language(tmp_path / "gl", heldout=0)), "gl")) == ["train"]
    assert list(load(write(build_language(tmp_path / "eo", "eo", train=0), out="other"), "eo")) == ["test"]


def test_hostile_texts_come_out_as_they_went_in(tmp_path: Path, write: Write, load: Load) -> None:
    texts = [
        "a\x00b",
        "---\nconfigs: !!python/object:x\n---",
        "\r",
        "\n",
        "\u2028\x85",
        "| `x` | </td><script>",
        "\U0001f600\u202e",
        "y" * 9,
    ]
    rows = [
        MadeText(
            instruction_en=f"{text} {n}", response_en=text, instruction=text, input=text, input_en=text, response=text
        )
        for n, text in enumerate(texts)
    ]
    folder = write(build_language(tmp_path / "gl", train=rows))
    loaded = load(folder, "gl-parallel")["train"]
    for name in ("response_en", "instruction", "input", "response"):
        assert loaded[name] == texts
    chains = load(folder, "gl")["train"]
    assert (chains["instruction"], chains["input"]) == (texts, texts)


@pytest.mark.slow
def test_every_script_is_loaded(tmp_path: Path, write: Write, load: Load) -> None:
    folder = write(*(build_language(tmp_path / code, code) for code in SCRIPTS))
    assert any(find_language(code).direction == "rtl" for code in SCRIPTS)
    for code in SCRIPTS:
        expected = list(make_texts(7, language=find_language(code)))
        loaded = load(folder, f"{code}-parallel")["train"]
        assert loaded["instruction"] == [text.instruction for text in expected]
        assert loaded["response"] == [text.response for text in expected]
