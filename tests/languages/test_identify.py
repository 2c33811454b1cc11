"""Which language a text is in."""

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.languages.choice import find_label, list_candidates
from taco.languages.identify import SURE, identify, strip_code
from taco.languages.table import ENGLISH, all_languages, find_language

UDHR = Path(__file__).parents[2].parent / "shared" / "data" / "udhr" / "parallel.jsonl.gz"

TEXTS = {
    "ast": "Esti ye un testu n'asturianu sobre la vida nel pueblu, los trabayos del campu y les fiestes del branu.",
    "an": "Iste ye un texto en aragonés sobre a vida en o lugar, os treballos d'o campo y as fiestas de l'estiu.",
    "bho": "ई गाँव के जिनगी, खेत के काम आ गरमी के तेवहार के बारे में भोजपुरी में लिखल गइल पाठ बा।",
    "mai": "ई गामक जीवन, खेतक काज आ गर्मीक पावनि सभक विषयमे मैथिलीमे लिखल गेल पाठ अछि।",
    "sa": "एषः ग्रामस्य जीवनस्य, क्षेत्रस्य कार्याणां, ग्रीष्मस्य उत्सवानां च विषये संस्कृतभाषायां लिखितः पाठः अस्ति।",
    "gl": "Este é un texto en galego sobre a vida na aldea, os traballos do campo e as festas do verán.",
    "en": "This is a text about life in the village, the work in the fields and the feasts of the summer.",
    "es": "Este es un texto en español sobre la vida en el pueblo, los trabajos del campo y las fiestas del verano.",
    "pt": "Este é um texto em português sobre a vida na aldeia, os trabalhos do campo e as festas do verão.",
    "eo": "Ĉi tio estas teksto en Esperanto pri la vivo en la vilaĝo, la laboroj sur la kampoj kaj la someraj festoj.",
    "ne": "यो गाउँको जीवन, खेतका कामहरू र गर्मीका चाडपर्वहरूको बारेमा नेपाली भाषामा लेखिएको पाठ हो।",
    "hi": "यह गाँव के जीवन, खेतों के काम और गर्मियों के त्योहारों के बारे में हिंदी में लिखा गया पाठ है।",
    "fa": "این متنی به زبان فارسی دربارهٔ زندگی در روستا، کار در مزرعه و جشن‌های تابستان است.",
}


@pytest.mark.parametrize("code", ["gl", "es", "pt", "eo", "ne", "hi", "fa", "ast", "an", "bho", "mai", "sa"])
def test_a_text_is_identified_as_its_language(code: str) -> None:
    found = identify(TEXTS[code], target=find_language(code))
    assert found.best == code
    assert found.distribution[code] > 0.5
    assert found.script_share == 1.0
    assert found.knows_target


def test_a_text_in_another_language_is_not_taken_for_the_target() -> None:
    galician = find_language("gl")
    assert identify(TEXTS["en"], target=galician).best == "en"
    assert identify(TEXTS["es"], target=galician).best == "es"
    assert identify(TEXTS["pt"], target=galician).best == "pt"
    assert identify(TEXTS["en"], target=find_language("ne")).script_share == 0.0


def test_the_distribution_covers_target_english_and_the_relatives_that_are_known() -> None:
    found = identify(TEXTS["gl"], target=find_language("gl"))
    assert list(found.distribution) == list(list_candidates(find_language("gl"))) == ["gl", "en", "pt", "es", "ast"]
    assert sum(found.distribution.values()) == pytest.approx(1.0)


def test_the_signature_says_who_decides_and_who_is_unknown() -> None:
    both = identify("", target=find_language("gl")).signature
    assert re.fullmatch(r"py3langid [\d.]+, taco profile udhr 1 for ast, candidates gl en pt es ast", both)
    alone = identify("", target=find_language("eo")).signature
    assert re.fullmatch(r"py3langid [\d.]+, candidates eo en es it la", alone)
    assert identify("", target=find_language("hi")).signature.endswith("nothing knows awa")


def test_spanish_does_not_pass_for_asturian() -> None:
    """py3langid has no model of Asturian: its own profile tells it from Spanish."""
    asturian = find_language("ast")
    assert not find_label("ast")
    assert identify(TEXTS["es"], target=asturian).best == "es"
    assert identify(TEXTS["es"], target=asturian).distribution["ast"] < 0.1
    assert identify(TEXTS["ast"], target=asturian).knows_target


def test_a_text_that_may_as_well_be_in_another_language_is_in_none() -> None:
    found = identify("la casa", target=find_language("ast"))
    assert 0 < max(found.distribution.values()) < SURE
    assert found.best == ""


def test_a_target_that_nothing_knows_is_said_so() -> None:
    found = identify(TEXTS["hi"], target=find_language("awa"))
    assert not found.knows_target
    assert "awa" not in found.distribution and found.best == "hi"
    assert sum(found.distribution.values()) == pytest.approx(1.0)


def test_with_less_than_two_known_candidates_there_is_nothing_to_judge() -> None:
    found = identify("An ki a-wrug dybri an pysk.", target=replace(find_language("kw"), relatives=("szl",)))
    assert found.distribution == {} and found.best == "" and not found.knows_target
    assert found.script_share == 1.0


def test_a_language_in_a_script_of_its_own_needs_no_relatives() -> None:
    divehi = find_language("dv")
    text = "މިއީ ރަށެއްގެ ދިރިއުޅުމާއި މަސައްކަތުގެ ވާހަކައެއް"
    assert identify(text, target=divehi).best == "dv"
    assert identify(TEXTS["en"], target=divehi).best == "en"


@pytest.mark.parametrize(
    "text", ["", "   \n", "1234 + 5 = 12", "`x = 1`", "```python\nprint('hello world')\n```", "🙂🙂"]
)
def test_a_text_without_letters_outside_code_is_not_judged(text: str) -> None:
    found = identify(text, target=find_language("gl"))
    assert found.distribution == {} and found.best == "" and found.script_share == 0.0
    assert found.knows_target


def test_code_and_urls_do_not_count() -> None:
    code = "```python\n" + "for line in lines:\n    print('this is the English part of the text')\n" * 5 + "```"
    text = f"{TEXTS['ne']}\n{code}\nhttps://example.org/this-is-english `while True` <b>{TEXTS['ne']}</b>"
    found = identify(text, target=find_language("ne"))
    assert found.best == "ne" and found.script_share == 1.0


def test_an_unclosed_fence_runs_to_the_end() -> None:
    assert strip_code("Texto\n```python\nprint(1)\nfor") == "Texto\n "
    assert strip_code("a ~~~\nx\n~~~ b") == "a   b"
    assert strip_code("mail me@example.org or www.example.org now") == "mail   or   now"


def test_chinese_is_divided_by_its_letters() -> None:
    simplified, traditional = find_language("zh-Hans"), find_language("zh-Hant")
    text_s, text_t = (
        "这个村子里的人们说话很有意思，我们都喜欢这里的生活。",
        "這個村子裡的人們說話很有意思，我們都喜歡這裡的生活。",
    )
    assert identify(text_s, target=simplified).best == "zh-Hans"
    assert identify(text_t, target=traditional).best == "zh-Hant"
    assert identify(text_t, target=simplified).best == "zh-Hant"
    assert identify(text_t, target=simplified).script_share == 0.0


def test_the_identifier_of_others_is_left_alone() -> None:
    from py3langid import langid

    before = langid.rank(TEXTS["eo"])
    identify(TEXTS["gl"], target=find_language("gl"))
    assert langid.rank(TEXTS["eo"]) == before
    assert len(before) > 100


def test_english_may_be_the_target() -> None:
    assert identify(TEXTS["en"], target=ENGLISH).best == "en"


@settings(max_examples=60, deadline=None)
@given(
    st.text(),
    st.sampled_from([find_language(code) for code in ("gl", "ne", "zh-Hans", "ja", "yi", "ast", "dv", "sm", "kw")]),
)
def test_any_text_gives_a_distribution_or_none(text: str, target: object) -> None:
    found = identify(text, target=target)  # type: ignore[arg-type]
    assert not found.distribution or sum(found.distribution.values()) == pytest.approx(1.0)
    assert (found.best == "") == (max(found.distribution.values(), default=0.0) < SURE)
    assert 0.0 <= found.script_share <= 1.0


def test_human_translations_are_identified() -> None:
    """The Universal Declaration, which the profiles are made of: this is a check of the wiring."""
    if not UDHR.exists():
        pytest.skip(f"no texts at {UDHR}")
    wanted = {language.code for language in all_languages() if identify("", target=language).knows_target}
    wanted -= {"hr", "bs", "sr", "id", "ms", "yue", "zh-Hans"}  # too close, or in several scripts in this file
    right: dict[str, list[bool]] = {}
    with gzip.open(UDHR, "rt") as opened:
        for row in map(json.loads, opened):
            if row["bcp47"] in wanted and len(row["text"]) > 80 and len(right.get(row["bcp47"], ())) < 6:
                found = identify(row["text"], target=find_language(row["bcp47"]))
                right.setdefault(row["bcp47"], []).append(found.best == row["bcp47"])
    assert len(right) > 50
    assert [code for code, answers in right.items() if sum(answers) < len(answers) - 1] == []
