"""What `taco languages` shows."""

import pytest

from taco.errors import RecipeError
from taco.languages.listing import filter_languages
from taco.languages.table import all_languages


def codes(text: str | None = None, **chosen: object) -> list[str]:
    return [language.code for language in filter_languages(text, **chosen)]  # type: ignore[arg-type]


def test_without_a_filter_all_are_shown_in_table_order() -> None:
    assert codes() == [language.code for language in all_languages()]
    assert codes()[0] == "en"


def test_an_exact_match_comes_first_and_parts_are_found() -> None:
    assert codes("chinese")[0] == "zh-Hans"
    assert {"zh-Hans", "zh-Hant", "yue"} <= set(codes("chinese"))
    assert set(codes("kurd")) >= {"kmr", "ckb", "sdh"}
    assert codes("dutch") == ["nl"]


def test_a_short_text_is_a_code_and_not_a_part() -> None:
    assert codes("es") == ["es"]
    assert codes("ku") == ["kmr"]


def test_script_and_engine_filter() -> None:
    assert "ne" in codes(script="deva") and "gl" not in codes(script="deva")
    assert len(codes(engine="google")) == 133
    assert "co" in codes(engine="google") and "co" not in codes(engine="nllb")
    assert codes("nepali", script="Latn") == []


def test_an_unknown_script_names_the_known_ones() -> None:
    with pytest.raises(RecipeError) as caught:
        filter_languages(None, script="Dewa")
    assert "did you mean 'Deva'" in caught.value.message
    assert "Latn" in caught.value.hint


def test_nothing_found_is_an_empty_list() -> None:
    assert codes("qqqq") == []
