"""The table is complete, right against the reference, and every name leads to one language."""

import re
import unicodedata
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.errors import RecipeError
from taco.languages.scripts import find_script, measure_script_share
from taco.languages.table import ENGLISH, Language, all_languages, find_language, list_keys, normalise_key

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference" / "languages-132.md"

MACROS_IN_BRACKETS = {"kok", "kur", "aka"}
"""Bracketed codes of the reference that are macrolanguages, so that the individual code stands before them."""


def read_reference() -> list[list[str]]:
    if not REFERENCE.exists():
        pytest.skip(f"no reference table at {REFERENCE}")
    lines = [line for line in REFERENCE.read_text().splitlines() if re.match(r"\| \d+ \|", line)]
    return [[cell.strip().strip("`") for cell in line.split("|")[2:-1]] for line in lines]


def test_every_row_agrees_with_the_reference() -> None:
    rows = read_reference()
    assert len(rows) == 132
    for name, mits, iso1, iso3, google, script, nllb in rows:
        language = find_language(mits)
        codes = re.findall(r"[a-z]{3}", iso3)
        individual = codes[-1] if codes[-1] not in MACROS_IN_BRACKETS else codes[0]
        assert language.name == name
        assert language.mits == mits
        assert language.iso639_1 == iso1.strip("-")
        assert language.iso639_3 == individual
        assert language.google == google
        assert language.script == script.split()[0]
        assert language.nllb == nllb.split()[0].strip("-")
        if not mits.startswith("Chinese_"):
            assert all(find_language(code) == language for code in (*codes, google, iso1) if code != "-")


def test_there_are_the_targets_english_and_what_the_embedded_translator_reaches() -> None:
    assert sum(bool(language.mits) for language in all_languages()) == 132
    assert sum(bool(language.google) for language in all_languages()) == 133
    beyond = {"en", "ast", "an", "oc", "sc", "br", "nn", "szl", "frp", "anp", "mag"}
    assert beyond <= {language.code for language in all_languages() if not language.mits}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("iw", "he"),
        ("jw", "jv"),
        ("tl", "fil"),
        ("zh-CN", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("mni-Mtei", "mni"),
        ("mni_Beng", "mni"),
        ("gom", "kok"),
        ("ak", "tw"),
        ("no", "nb"),
        ("ku", "kmr"),
        ("ory", "or"),
        ("nya", "ny"),
        ("zh", "zh-Hans"),
        ("Chinese", "zh-Hans"),
        ("cmn", "zh-Hans"),
        ("zho_Hant", "zh-Hant"),
        ("sn", "sn"),
        ("galego", "gl"),
        ("GLG", "gl"),
        ("glg-latn", "gl"),
        ("नेपाली", "ne"),
        ("Kurdish Sorani", "ckb"),
        ("odia", "or"),
        ("arg", "an"),
        ("srd", "sc"),
        ("pt-BR", "pt"),
        ("es_419", "es"),
        ("sr-Cyrl-RS", "sr"),
        ("O'zbekcha", "uz"),
        ("als", "sq"),
        ("  Welsh ", "cy"),
    ],
)
def test_codes_names_and_aliases_lead_to_the_language(name: str, code: str) -> None:
    assert find_language(name).code == code


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Galacian", "Galician (gl)"), ("spansh", "Spanish (es)"), ("nepalese", "Nepali (ne)"), ("dog", "Dogri (doi)")],
)
def test_an_unknown_name_offers_the_closest(name: str, meant: str) -> None:
    with pytest.raises(RecipeError) as caught:
        find_language(name)
    assert f"{name!r}" in caught.value.message
    assert f"did you mean {meant}" in caught.value.message
    assert "taco languages" in caught.value.hint


@pytest.mark.parametrize("name", ["", " ", "-", "xx", "sr-Latn", "klingon-empire", "\x00", "ne" * 5000])
def test_what_is_no_language_is_refused(name: str) -> None:
    with pytest.raises(RecipeError):
        find_language(name)


def test_each_key_leads_to_one_language() -> None:
    claims: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for language in all_languages():
        for rank, key in list_keys(language):
            claims[key].add((rank, language.code))
    shared = {key for key, owners in claims.items() if len({code for _, code in owners}) > 1}
    assert shared == {"zh", "zho", "cmn"}, "only the codes for all of Chinese may be claimed twice"
    for key in shared:
        best = min(rank for rank, _ in claims[key])
        assert len([code for rank, code in claims[key] if rank == best]) == 1


@pytest.mark.parametrize("language", all_languages(), ids=lambda language: language.code)
def test_each_row_is_sound(language: Language) -> None:
    for text in (language.code, language.iso639_3, language.name, language.autonym, language.nllb, language.mits):
        assert not text or normalise_key(text)
        assert unicodedata.is_normalized("NFC", text) and text == text.strip()
    assert re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?", language.code)
    assert re.fullmatch(r"([a-z]{2})?", language.iso639_1) and re.fullmatch(r"[a-z]{3}", language.iso639_3)
    assert re.fullmatch(r"([a-z]{3}_[A-Z][a-z]{3})?", language.nllb)
    assert [unicodedata.digit(digit) for digit in language.digits] == list(range(10))
    assert (language.direction == "rtl") == (language.script in ("Arab", "Hebr", "Thaa"))
    letters = [letter for letter in language.autonym if find_script(letter)]
    assert (
        letters and measure_script_share(language.autonym, {"Jpan": "Hani"}.get(language.script, language.script)) == 1
    )


def test_codes_names_and_autonyms_are_unique() -> None:
    for field in ("code", "name", "autonym"):
        values = [getattr(language, field).casefold() for language in all_languages()]
        assert len(set(values)) == len(values), field


def test_relatives_are_rows_and_mutual_where_there_is_room() -> None:
    by_code = {language.code: language for language in all_languages()}
    for language in all_languages():
        assert len(language.relatives) <= 6 and len(set(language.relatives)) == len(language.relatives)
        assert language.code not in language.relatives and "en" not in language.relatives
        for code in language.relatives:
            other = by_code[code]
            assert language.code in other.relatives or len(other.relatives) == 6 or language == ENGLISH


@given(st.sampled_from(all_languages()), st.sampled_from([str.upper, str.lower, str.title]), st.sampled_from("-_ "))
def test_case_and_separator_do_not_matter(language: Language, change: object, separator: str) -> None:
    for key in (language.code, language.nllb, language.mits):
        if key:
            assert find_language(change(re.sub("[-_]", separator, key))) == language  # type: ignore[operator]
