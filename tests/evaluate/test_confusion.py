"""Language confusion: pass rates as in arXiv 2406.20052, unscored where nothing can be judged."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.evaluate import confusion
from taco.evaluate.case import Case
from taco.languages.table import find_language

GALICIAN = "O aire espalla a luz azul máis que a luz vermella, así que o ceo semella azul durante o día."
ENGLISH = "The air scatters blue light more than red light, so the sky looks blue to all of us."
HINDI = "आसमान नीला है क्योंकि हवा नीले प्रकाश को लाल प्रकाश से अधिक बिखेरती है।"
CHAIN = "Instruction in English:\nWhy?\n\nResponse in English:\nSo.\n\nResponse in {name}:\n{text}"


def measure(make_case: Callable[..., Case], text: str, code: str = "gl", reference: str | None = None) -> dict:
    language = find_language(code)
    example = {} if reference is None else {"response": reference}
    case = make_case(CHAIN.format(name=language.name, text=text), language=language, example=example)
    return dict(confusion.measure(case))


def test_one_english_line_fails_the_reply(make_case: Callable[..., Case]) -> None:
    assert measure(make_case, f"{GALICIAN}\n{GALICIAN}") == {"line_pass": 1, "word_pass": None, "lines_in_target": 1}
    values = measure(make_case, f"{GALICIAN}\n{ENGLISH}\n{GALICIAN}\n{GALICIAN}")
    assert (values["line_pass"], values["lines_in_target"]) == (0, 0.75)


def test_short_lines_and_code_are_passed_over(make_case: Callable[..., Case]) -> None:
    code = "```python\nprint('this is a line of plain English words here')\n```"
    assert measure(make_case, f"{GALICIAN}\nfour words of English\n{code}")["line_pass"] == 1
    assert set(measure(make_case, f"Ola!\n{code}").values()) == {None}
    assert set(measure(make_case, "").values()) == {None}


def test_english_words_fail_a_reply_in_another_script_only_once_its_lines_passed(
    make_case: Callable[..., Case],
) -> None:
    assert measure(make_case, HINDI, "hi")["word_pass"] == 1
    assert measure(make_case, f"{HINDI} यह actually सच है।", "hi")["word_pass"] == 0
    assert measure(make_case, f"{HINDI}\n{ENGLISH}", "hi") == {
        "line_pass": 0,
        "word_pass": None,
        "lines_in_target": 0.5,
    }


@pytest.mark.parametrize(
    "word", ["the", "Oslo", "HTML", "`len(words)`", "www.example.org/some/page", "sky.png", "x_axis"]
)
def test_short_words_names_code_and_links_are_no_english_words(make_case: Callable[..., Case], word: str) -> None:
    assert measure(make_case, f"{HINDI} यह {word} सच है।", "hi")["word_pass"] == 1


def test_words_that_the_reference_has_too_are_no_confusion(make_case: Callable[..., Case]) -> None:
    text = f"{HINDI} यह python सच है।"
    assert measure(make_case, text, "hi")["word_pass"] == 0
    assert measure(make_case, text, "hi", reference=f"{HINDI} python।")["word_pass"] == 1


def test_scripts_without_spaces_are_judged_by_letters(make_case: Callable[..., Case]) -> None:
    values = measure(make_case, "天空是蓝色的，因为空气散射蓝光比红光多。\n你好", "zh-Hans")
    assert values == {"line_pass": 1, "word_pass": 1, "lines_in_target": 1}
    mixed = measure(make_case, "天空是蓝色的，因为空气scatters蓝光比红光多。", "zh-Hans")
    assert (mixed["line_pass"], mixed["word_pass"]) == (1, 0)


def test_a_target_that_the_identifier_does_not_know_is_unscored(make_case: Callable[..., Case]) -> None:
    assert set(measure(make_case, f"{HINDI}\n{HINDI}", "awa").values()) == {None}


def test_pass_rates_together() -> None:
    # Ten replies: 8 pass by lines, 4 of these by words. LPR 0.8, WPR 0.5, harmonic mean 2 * 0.4 / 1.3.
    rows = [{"line_pass": 1.0, "word_pass": 1.0}] * 4 + [{"line_pass": 1.0, "word_pass": 0.0}] * 4
    rows += [{"line_pass": 0.0, "word_pass": None}] * 2 + [{"line_pass": None, "word_pass": None}]
    counts = [sum(column) for column in zip(*map(confusion.count_confusion, rows), strict=True)]
    assert counts == [10, 8, 8, 4]
    assert confusion.score_confusion(counts) == pytest.approx(0.8 / 1.3)
    assert confusion.score_confusion([10, 8, 0, 0]) == 0.8
    assert confusion.score_confusion([0, 0, 0, 0]) == 0
    assert confusion.score_confusion([3, 3, 3, 0]) == 0


@given(st.text(max_size=120), st.sampled_from(["gl", "hi", "zh-Hans", "th", "fa"]))
def test_any_text_is_judged_without_a_fault(text: str, code: str) -> None:
    language = find_language(code)
    assert all(line and found for line, found in confusion.judge_lines(text, language))
    assert all(word.isascii() and word.islower() for word in confusion.find_english_words([text]))
