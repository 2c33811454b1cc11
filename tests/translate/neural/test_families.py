"""Languages are found by the model's own codes, or refused with those that it has."""

from __future__ import annotations

import pytest

from taco.errors import EngineError
from taco.languages.table import find_language
from taco.translate.neural.families import check_pair, detect_family, find_code, find_family, find_route

ENGLISH, GALICIAN = find_language("en"), find_language("gl")

# Codes as the models' own cards and tokenizers list them (transformers' FAIRSEQ_LANGUAGE_CODES; MADLAD-400's Table 1).
M2M = ["ast", "en", "es", "gl", "gu", "ne", "ns", "sr", "zh"]
MADLAD = ["en", "es", "gl", "mai", "ne", "sa", "zh", "zh_Latn"]


@pytest.mark.parametrize(
    ("family", "codes", "language", "expected"),
    [
        ("nllb", ["eng_Latn", "glg_Latn", "npi_Deva"], "gl", "glg_Latn"),
        ("nllb", ["eng_Latn", "glg_Latn", "npi_Deva"], "ne", "npi_Deva"),
        ("m2m100", M2M, "gl", "gl"),
        ("m2m100", M2M, "nso", "ns"),
        ("m2m100", M2M, "zh-Hans", "zh"),
        ("madlad", MADLAD, "zh-Hans", "zh"),
        ("madlad", MADLAD, "mai", "mai"),
        ("marian", ["glg", "por", "spa"], "gl", "glg"),
        ("marian", ["cmn_Hans", "cmn_Hant", "glg"], "gl", "glg"),
    ],
)
def test_a_language_is_found_by_its_code(family: str, codes: list[str], language: str, expected: str) -> None:
    marks = {code: f"<{code}>" for code in codes}
    assert find_code(find_language(language), marks, asked=None, model="m") == expected
    assert find_family(family).name == family


def test_another_script_of_a_language_is_another_language() -> None:
    with pytest.raises(EngineError, match="does not know Chinese"):
        find_code(find_language("zh-Hant"), {code: code for code in M2M}, asked=None, model="m")


def test_an_unknown_language_or_code_is_refused_with_the_nearest_and_the_list() -> None:
    marks = {code: code for code in ("glg_Latn", "eng_Latn")}
    with pytest.raises(EngineError, match="did you mean 'glg_Latn'") as caught:
        find_code(GALICIAN, marks, asked="gl_Latn", model="some/model")
    assert "eng_Latn, glg_Latn" in caught.value.hint
    with pytest.raises(EngineError, match="some/model does not know Nepali"):
        find_code(find_language("ne"), marks, asked=None, model="some/model")


def test_every_nllb_code_of_the_table_is_found_and_means_its_language() -> None:
    from taco.languages.table import all_languages

    known = [language for language in all_languages() if language.nllb]
    marks = {language.nllb: language.nllb for language in known}
    assert len(known) > 100
    for language in known:
        assert find_code(language, marks, asked=None, model="m") == language.nllb


def test_opus_models_of_one_pair_are_held_to_their_name() -> None:
    def check(model: str, confirmed: str | None = None) -> None:
        check_pair(model, source=ENGLISH, target=GALICIAN, confirmed=confirmed)

    check("Helsinki-NLP/opus-mt-en-gl@0123456789ab")
    check("opus-mt-tc-big-en-gl")
    check("my-model", confirmed="glg")
    for wrong in ("Helsinki-NLP/opus-mt-en-es", "opus-mt-gl-en"):
        with pytest.raises(EngineError, match="not from English into Galician"):
            check(wrong)
    with pytest.raises(EngineError, match="says which pair") as caught:
        check("my-model")
    assert 'target_code = "gl"' in caught.value.hint


def test_families_are_told_by_vocabulary_or_files() -> None:
    shapes = {"nllb": "glg_Latn", "m2m100": "__gl__", "madlad": "<2gl>", "marian": ">>glg<<"}
    for family, token in shapes.items():
        assert detect_family(["</s>", "a", token], [], where="m").name == family
    assert detect_family(["a"], ["source.spm"], where="m").name == "marian"
    with pytest.raises(EngineError, match="known family"):
        detect_family(["a", "b"], ["tokenizer.json"], where="m")


def test_routes_put_marks_where_each_family_wants_them() -> None:
    def route(family: str, *vocabulary: str) -> tuple[str, str]:
        found = find_route(find_family(family), vocabulary, source=ENGLISH, target=GALICIAN, model="opus-mt-en-gl")
        return found.before, found.begins_with

    assert route("nllb", "eng_Latn", "glg_Latn") == ("eng_Latn", "glg_Latn")
    assert route("m2m100", "__en__", "__gl__") == ("__en__", "__gl__")
    assert route("madlad", "<2gl>") == ("<2gl>", "")
    assert route("marian", ">>glg<<", ">>spa<<") == (">>glg<<", "")
    assert route("marian", "a") == ("", "")
