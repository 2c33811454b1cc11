"""A letter's script, and how much of a text is in one."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.languages.scripts import estimate_simplified, find_script, measure_script_share
from taco.languages.table import all_languages

NAMES_OF_SCRIPTS = """
    Arab Arabic, Armn Armenian, Beng Bengali, Cyrl Cyrillic, Deva Devanagari, Ethi Ethiopic, Geor Georgian, Grek Greek,
    Gujr Gujarati, Guru Gurmukhi, Hang Hangul, Hani Han, Hebr Hebrew, Hira Hiragana, Kana Katakana, Khmr Khmer,
    Knda Kannada, Laoo Lao, Latn Latin, Mlym Malayalam, Mtei Meetei_Mayek, Mymr Myanmar, Orya Oriya, Sinh Sinhala,
    Taml Tamil, Telu Telugu, Thaa Thaana, Thai Thai"""
UNICODE_NAMES = dict(pair.split() for pair in NAMES_OF_SCRIPTS.split(","))

ODDLY_NAMED = {"\u2126", "\u212a", "\u212b", "\u2132", "\u214e", "\u2183", "\u2184", "\u3006"}
"""Ohm, kelvin, angstrom sign, turned F, reversed C, ideographic closing mark: letters whose names hide the script."""


def test_scripts_agree_with_the_unicode_property() -> None:
    """Below U+10000, modifier letters aside (their names do not always tell, and `Common` is right for most)."""
    regex = pytest.importorskip("regex", reason="the Unicode script property comes from the package regex")
    letters = [chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) in ("Lu", "Ll", "Lt", "Lo")]
    wrong = []
    for script, name in UNICODE_NAMES.items():
        of_script = regex.compile(rf"\p{{Script={name}}}")
        wrong += [letter for letter in letters if bool(of_script.match(letter)) != (find_script(letter) == script)]
    assert set(wrong) <= ODDLY_NAMED


def test_every_script_of_the_table_is_known() -> None:
    for language in all_languages():
        assert language.script in {*UNICODE_NAMES, "Hans", "Hant", "Jpan"}


@pytest.mark.parametrize(
    ("text", "script", "share"),
    [
        ("यो नेपाली हो।", "Deva", 1.0),
        ("This is English.", "Deva", 0.0),
        ("abcd कखगघ", "Deva", 0.5),
        ("", "Latn", 0.0),
        ("123 !? ʻ", "Latn", 0.0),
        ("ʻŌlelo Hawaiʻi, 1.ª", "Latn", 1.0),
        ("日本語を話します", "Jpan", 1.0),
        ("中文文本", "Jpan", 0.0),
        ("한국어", "Hang", 1.0),
        ("한국어 漢字", "Kore", 1.0),
        ("漢字", "Kore", 0.0),
        ("这个语言", "Hans", 1.0),
        ("這個語言", "Hans", 0.0),
        ("這個語言", "Hant", 1.0),
        ("山水人", "Hans", 1.0),
        ("山水人", "Hant", 1.0),
        ("这个 abcd", "Hans", 2 / 6),
    ],
)
def test_script_share(text: str, script: str, share: float) -> None:
    assert measure_script_share(text, script) == pytest.approx(share)


def test_one_telling_letter_does_not_decide_alone() -> None:
    assert estimate_simplified("山水") == 0.5
    assert 0.5 < estimate_simplified("这山水") < 0.7
    assert estimate_simplified("这个语言说话时间" * 10) > 0.95
    assert estimate_simplified("這個語言說話時間" * 10) < 0.05


@given(st.text(), st.sampled_from(sorted({language.script for language in all_languages()})))
def test_a_share_is_a_share(text: str, script: str) -> None:
    assert 0.0 <= measure_script_share(text, script) <= 1.0


def test_unassigned_and_private_characters_are_no_letters() -> None:
    assert find_script("\ue000") == find_script(chr(sys.maxunicode)) == find_script("\ud800") == ""
