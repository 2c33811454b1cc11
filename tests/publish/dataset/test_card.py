"""The card, its front matter, the licence file and the recipes."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_language import MadeText, build_language, make_texts

from taco.languages.table import ENGLISH, all_languages, find_language
from taco.publish.dataset.entry import LanguageEntry
from taco.publish.dataset.front_matter import name_size, render_front_matter
from taco.publish.dataset.licences import Combination
from taco.publish.dataset.options import DatasetOptions
from taco.publish.dataset.recipe_file import render_recipe
from taco.publish.dataset.run_record import RunRecord
from taco.recipe.load import load_recipe
from taco.store.manifest import Manifest, read_manifest

yaml = pytest.importorskip("yaml")

Write = Callable[..., Path]


def read_card(folder: Path) -> tuple[dict[str, Any], str]:
    """Return front matter and body of the card of a data set."""
    _, head, body = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head), body


def render_texts(text: str, folder: Path, write: Write) -> str:
    """Return the card of a data set whose first row is made of one text only."""
    hostile = MadeText(
        instruction_en=text, response_en=text, instruction=text, response=text, category=text, origin=text
    )
    run = build_language(folder / "gl", train=[hostile])
    return (write(run) / "README.md").read_text(encoding="utf-8")


def test_front_matter_is_what_the_hub_knows(tmp_path: Path, write: Write) -> None:
    head, _ = read_card(write(build_language(tmp_path / "gl", source_path="seed")))
    assert head["language"] == ["en", "gl"]
    assert head["license"] == "cc0-1.0"
    assert head["size_categories"] == ["n<1K"]
    assert head["task_categories"] == ["text-generation", "translation"]
    assert [config["config_name"] for config in head["configs"]] == ["gl", "gl-parallel", "gl-run"]
    assert head["configs"][0]["default"] is True
    assert head["configs"][1]["data_files"] == [
        {"split": "train", "path": "data/gl-parallel/train-*.parquet"},
        {"split": "test", "path": "data/gl-parallel/test-*.parquet"},
    ]


def test_the_hubs_own_library_reads_the_card(tmp_path: Path, write: Write) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="needs huggingface_hub")
    dolly = "hf:databricks/databricks-dolly-15k"
    texts = make_texts(2, language=find_language("yue"), origin=dolly)
    run = build_language(tmp_path / "yue", "yue", train=texts, heldout=0, source_path=dolly)
    card = hub.DatasetCard.load(write(run) / "README.md")
    assert card.data.language == ["en", "yue"]
    assert card.data.license == "cc-by-sa-3.0"
    assert card.data.source_datasets == ["databricks/databricks-dolly-15k"]
    assert len(card.data.configs) == 3


def test_no_code_of_the_registry_is_read_as_something_else() -> None:
    codes = [language.code for language in all_languages() if language != ENGLISH]
    entries = [LanguageEntry(language=c, key="", rows={"train": 1}, engines=[], licences={}, files={}) for c in codes]
    licence = Combination(hub="other", statement="", warnings=())
    text = render_front_matter("on", entries, sources=["seed"], licence=licence)
    head = yaml.safe_load(text.strip("-\n"))
    assert head["pretty_name"] == "on"
    assert head["language_bcp47"] == ["en", *codes]
    assert [config["config_name"] for config in head["configs"]][::3] == codes
    assert all(re.fullmatch("[a-z]{2,3}", code) for code in head["language"])
    assert (head["license"], head["license_link"]) == ("other", "LICENSE.md")


@pytest.mark.parametrize(
    ("rows", "size"), [(1, "n<1K"), (67_000, "10K<n<100K"), (8_844_000, "1M<n<10M"), (10**9, "1B<n<10B")]
)
def test_sizes(rows: int, size: str) -> None:
    assert name_size(rows) == size


def test_counts_are_the_manifests(tmp_path: Path, write: Write) -> None:
    _, body = read_card(write(build_language(tmp_path / "gl", train=1200, dropped=[3, 5], heldout=2)))
    assert "| Galician | source | 1,202 | 1,202 | none |" in body
    assert "| Galician | chain | 1,202 | 1,200 | too-odd 2 |" in body
    assert "| `gl` | Galician | galego | Latn | ltr | 1,198 | 2 | 1.5% |" in body


def test_the_gate_is_told_of_where_there_is_one(tmp_path: Path, write: Write) -> None:
    _, body = read_card(write(build_language(tmp_path / "gl", gate=True), build_language(tmp_path / "fa", "fa")))
    gate = body.partition("## Quality gate")[2].partition("\n## ")[0]
    assert "| Galician | per\\_language.share | `0.4` |" in gate
    assert "| Galician | min\\_language\\_share | `0.5` |" in gate
    assert "Persian" not in gate
    assert "## Quality gate" not in read_card(write(build_language(tmp_path / "ne", "ne"), out="b"))[1]


def test_nothing_of_the_machine_or_the_moment_is_in_the_card(tmp_path: Path, write: Write) -> None:
    texts = make_texts(3, language=find_language("gl"), origin="/home/ann/secret/rows.jsonl")
    folder = write(build_language(tmp_path / "gl", train=texts, gate=True, source_path="/home/ann/secret/rows.jsonl"))
    for name in ("README.md", "LICENSE.md", "recipes/gl.toml"):
        text = (folder / name).read_text()
        assert "/home/ann" not in text
        assert str(tmp_path) not in text
        assert "seconds" not in text
    assert b"/home/ann" not in (folder / "data" / "gl-parallel" / "train-00000-of-00001.parquet").read_bytes()
    assert "rows.jsonl" in (folder / "README.md").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "</code><script>alert(1)</script>",
        "```\n# Not a heading\n![x](http://example.org/x.png)\n````",
        "~~~\n---\nlicense: mit\n---",
        "a\x00b\x1b[31mred\u202eevil\u2028line",
        "| cell | break |\n|---|---|",
        "<!-- comment",
    ],
)
def test_texts_cannot_break_out_of_their_samples(tmp_path: Path, write: Write, text: str) -> None:
    card = render_texts(text, tmp_path, write)
    assert yaml.safe_load(card.split("---\n")[1])["license"] == "unknown"
    outside = _remove_fences(card)
    for mark in ("<script", "![x]", "Not a heading", "license: mit", "<!--", "| cell"):
        assert mark not in outside
    assert not set("\x00\x1b\u202e\u2028") & set(card)
    assert "## Reproduce it" in outside


def _remove_fences(text: str) -> str:
    """Remove fenced code as CommonMark finds it: a block ends with a line of at least as many ticks as it began with."""
    kept, ticks = [], 0
    for line in text.split("\n"):
        run = len(line) - len(line.lstrip("`"))
        if ticks:
            ticks = 0 if run >= ticks and not line.strip("`") else ticks
        elif run >= 3:
            ticks = run
        else:
            kept.append(line)
    assert not ticks
    return "\n".join(kept)


def test_samples_are_shown_as_they_are_and_cut(tmp_path: Path, write: Write) -> None:
    runs = [build_language(tmp_path / code, code) for code in ("fa", "am", "gl", "ne", "th", "eo")]
    _, body = read_card(write(*runs))
    assert find_language("fa").autonym in body.partition("## Samples")[2]
    assert "### Thai" in body
    assert "### Esperanto" not in body
    long = MadeText(instruction_en="a", response_en="b", instruction="c", response="x" * 5_000)
    assert len(read_card(write(build_language(tmp_path / "long", train=[long]), out="b"))[1]) < 12_000


def test_a_hostile_engine_and_licence_are_escaped(tmp_path: Path, write: Write) -> None:
    texts = [
        dataclasses.replace(text, engine="evil `x` | <b>\n---") for text in make_texts(1, language=find_language("gl"))
    ]
    folder = write(build_language(tmp_path / "gl", train=texts), source_licence="MIT <script> | `x` [y](z)")
    for name in ("README.md", "LICENSE.md"):
        outside = _remove_fences((folder / name).read_text())
        assert "<script" not in outside.replace("\\<script", "")
        assert not re.search(r"(?<!\\)\[y", outside)
        assert "\n---\n" not in outside.split("---\n", 2)[-1]


def test_the_recipe_makes_the_run_again(tmp_path: Path, write: Write) -> None:
    folder = write(build_language(tmp_path / "gl", gate=False), shard_rows=5, source_licence={"rows.jsonl": "MIT"})
    recipe = load_recipe(folder / "recipes" / "gl.toml")
    assert (recipe.run_name, recipe.language, recipe.seed) == ("made-gl", "gl", 17)
    assert (recipe.source.path, recipe.source.heldout, recipe.translate.engine) == ("rows.jsonl", 2, "echo")
    assert recipe.translate.memory is None
    assert recipe.dataset == DatasetOptions(shard_rows=5, source_licence={"rows.jsonl": "MIT"})
    assert "rank" not in (folder / "recipes" / "gl.toml").read_text()


def test_a_manifest_without_a_recipe_gives_what_there_is() -> None:
    text = render_recipe(Manifest(name="x", seed=3), language="gl", options=DatasetOptions())
    assert 'name = "x"' in text


def test_the_entry_keeps_what_the_run_was(tmp_path: Path, write: Write) -> None:
    run: RunRecord = build_language(tmp_path / "gl")
    entry = LanguageEntry.model_validate_json((write(run) / "run" / "gl.json").read_bytes())
    assert entry.stages["translate"].counters["segments_sent"] == 77
    assert entry.stages == {name: read_manifest(run.manifest).stages[name] for name in ("source", "translate", "chain")}
    assert (entry.rows, entry.licences) == ({"train": 7, "test": 2}, {"not stated": 9})
