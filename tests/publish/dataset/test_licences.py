"""Licences: where they are taken from, and what they add up to."""

import pytest
from pydantic import ValidationError

from taco.publish.dataset.licences import (
    NOT_STATED,
    combine_licences,
    find_licence,
    find_source,
    find_terms,
    state_licence,
)
from taco.publish.dataset.options import DatasetOptions
from taco.translate.engine import ENGINES

APERTIUM = "apertium en-gl (apertium 3.8.3; stream 1)"


@pytest.mark.parametrize(
    ("origin", "path", "stated", "licence"),
    [
        ("seed/math.jsonl:3", "seed", None, "CC0-1.0"),
        ("hf:tatsu-lab/alpaca:17", "hf:tatsu-lab/alpaca", None, "CC-BY-NC-4.0"),
        ("hf:databricks/databricks-dolly-15k:0", "hf:databricks/databricks-dolly-15k", None, "CC-BY-SA-3.0"),
        ("seed/math.jsonl:3", "seed/math.jsonl", None, NOT_STATED),
        ("rows.jsonl:3", "rows.jsonl", None, NOT_STATED),
        ("hf:me/mine:3", "hf:me/mine", None, NOT_STATED),
        ("rows.jsonl:3#2", "rows.jsonl", "cc-by-4.0", "CC-BY-4.0"),
        ("rows.jsonl:3#2", "rows.jsonl", {"rows.jsonl": "our own"}, "our own"),
        ("rows.jsonl:3", "rows.jsonl", {"other.jsonl": "MIT"}, NOT_STATED),
        ("hf:tatsu-lab/alpaca:17", "hf:tatsu-lab/alpaca", {"other.jsonl": "MIT"}, "CC-BY-NC-4.0"),
    ],
)
def test_a_row_has_the_licence_of_its_source(
    origin: str, path: str, stated: str | dict[str, str] | None, licence: str
) -> None:
    assert state_licence(origin, path=path, stated=stated) == licence


@pytest.mark.parametrize(
    ("names", "hub"),
    [
        (["CC0-1.0"], "cc0-1.0"),
        (["CC-BY-NC-4.0"], "cc-by-nc-4.0"),
        (["CC0-1.0", "CC-BY-SA-3.0"], "cc-by-sa-3.0"),
        (["CC-BY-4.0", "CC-BY-NC-4.0", "CC0-1.0"], "cc-by-nc-4.0"),
        (["CC-BY-NC-4.0", "CC-BY-NC-SA-4.0"], "cc-by-nc-sa-4.0"),
        (["MIT", "Apache-2.0"], "other"),
        (["CC-BY-NC-4.0", "CC-BY-SA-3.0"], "other"),
        (["CC-BY-SA-4.0", "CC-BY-SA-3.0"], "other"),
        (["CC-BY-ND-4.0"], "other"),
        (["our own"], "other"),
        (["CC0-1.0", NOT_STATED], "unknown"),
    ],
)
def test_what_licences_add_up_to(names: list[str], hub: str) -> None:
    assert combine_licences(names, [APERTIUM]).hub == hub


def test_alpaca_and_dolly_are_said_to_be_incompatible() -> None:
    found = combine_licences(["CC-BY-NC-4.0", "CC-BY-SA-3.0"], [APERTIUM])
    assert "CC-BY-SA-3.0 and CC-BY-NC-4.0 cannot be met by one adapted work" in found.warnings[0]
    assert "no one licence covers all" in found.statement


def test_what_is_not_known_is_warned_of() -> None:
    assert "not stated" in combine_licences([NOT_STATED], [APERTIUM]).warnings[0]
    assert "what our own asks for" in combine_licences(["our own"], [APERTIUM]).warnings[0]
    assert "adaptations" in combine_licences(["CC-BY-ND-4.0"], [APERTIUM]).warnings[0]


@pytest.mark.parametrize("engine", ["google v3 en-gl", "deepl 2", "openai some-model", "a-new-engine 1"])
def test_terms_of_an_engine_stand_beside_a_free_licence(engine: str) -> None:
    found = combine_licences(["CC0-1.0"], [APERTIUM, engine])
    assert found.hub == "other"
    assert engine.split()[0] in found.warnings[0]


def test_every_engine_of_the_registry_has_terms_of_its_own() -> None:
    shipped = "shipped-memory"  # its signature names the engine that made it
    unknown = [name for name in ENGINES.names if name != shipped and "does not know" in find_terms(f"{name} 1").terms]
    assert unknown == []


@pytest.mark.parametrize("path", ["seed", "hf:tatsu-lab/alpaca", "hf:vicgalle/alpaca-gpt4", "hf:yahma/alpaca-cleaned"])
def test_sources_have_known_licences_and_say_where(path: str) -> None:
    source = find_source(path)
    assert source is not None
    assert find_licence(source.licence)
    assert source.stated_at


@pytest.mark.parametrize("licence", ["", "  ", "a\nb", "a\x00", "x" * 201, {"rows.jsonl": "a\nb"}])
def test_a_licence_is_one_line(licence: str | dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="one line"):
        DatasetOptions(source_licence=licence)
