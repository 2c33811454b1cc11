"""What a plan says is what a run then does."""

from __future__ import annotations

from pathlib import Path

import pytest
from translate_rows import translate, write_source

from taco.errors import EngineError
from taco.languages.table import find_language
from taco.translate.estimate import Estimate, estimate_translation, scale
from taco.translate.options import TranslateOptions


def estimate(source: Path, folder: Path, **options: object) -> Estimate:
    asked = {"engine": "echo", "batch_characters": 200, "options": {"prefix": "x"}} | options
    return estimate_translation(
        TranslateOptions.model_validate(asked),
        source=source,
        target=find_language("gl"),
        memory=folder / "memory.sqlite",
    )


def test_a_plan_counts_what_the_run_then_sends(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source")
    planned = estimate(source, tmp_path)
    assert not (tmp_path / "memory.sqlite").exists()
    done = translate(source, tmp_path, shard_rows=1000).counters
    assert planned.rows == 25
    assert planned.segments == done["segments"]
    phrase = "Keep it short."  # the stage's own, not a row's
    assert planned.texts == planned.texts_to_send == done["texts_sent"] - 1
    assert planned.characters_to_send == done["characters_sent"] - len(phrase)
    assert planned.calls == done["calls"] - 1
    assert (planned.usd, planned.fault) == (0.0, "")


def test_what_the_memory_holds_is_not_planned(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", train=10)
    translate(source, tmp_path)
    longer = write_source(tmp_path / "longer", train=12)
    planned, whole = estimate(longer, tmp_path), estimate(longer, tmp_path / "elsewhere")
    assert planned.texts == whole.texts
    assert 0 < planned.texts_to_send < whole.texts_to_send
    assert planned.texts_known + planned.texts_to_send == planned.texts
    assert planned.seconds is not None
    assert whole.seconds is None  # nothing was ever sent, and echo has no limits
    again = estimate(source, tmp_path)
    assert (again.texts_to_send, again.characters_to_send, again.calls) == (0, 0, 0)


def test_limits_of_a_minute_say_how_long_it_takes(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source")
    planned = estimate(source, tmp_path, characters_per_minute=100)
    assert planned.seconds == pytest.approx(planned.characters_to_send * 0.6, rel=0.01)


def test_an_engine_that_is_not_there_is_named_and_its_list_price_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise EngineError("There is no key.")

    monkeypatch.setattr("taco.translate.estimate.open_engine", refuse)
    source = write_source(tmp_path / "source")
    planned = estimate(source, tmp_path, engine="google", options={"usd_per_million_characters": 10.0, "project": "p"})
    assert planned.fault == "There is no key."
    assert planned.usd == pytest.approx(planned.characters_to_send / 1e5)
    assert estimate(source, tmp_path).usd is None


def test_a_sample_stands_for_more_rows(tmp_path: Path) -> None:
    planned = estimate(write_source(tmp_path / "source"), tmp_path, calls_per_minute=10)
    grown = scale(planned, 2500)
    assert grown.rows == 2500
    assert grown.characters_to_send == 100 * planned.characters_to_send
    assert grown.seconds == pytest.approx(100 * (planned.seconds or 0))
    assert scale(planned, planned.rows) == planned
