"""Form, language, repetition, length and structure of single answers."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.chain.parse import State
from taco.evaluate import chains, language, length, repetition, structure
from taco.evaluate.case import Case
from taco.evaluate.failures import KINDS, find_failures
from taco.evaluate.options import EvaluateOptions
from taco.evaluate.run import list_families
from taco.languages.table import find_language
from taco.records import SectionUse

ENGLISH_PART = "Instruction in English:\nWhy?\n\nResponse in English:\nBecause of the air.\n\n"
GALICIAN_TEXT = "O aire espalla a luz azul máis que a luz vermella, así que o ceo semella azul durante o día."
ENGLISH_TEXT = "The air scatters blue light more than red light, so the sky looks blue during the day."


def test_form_of_a_whole_chain(make_case: Callable[..., Case]) -> None:
    assert chains.measure(make_case()) == {
        "complete_chain": 1,
        "target_section": 1,
        "ended_by_itself": 1,
        "truncated": 0,
        "looped": 0,
    }


def test_the_token_limit_and_loops_are_told_apart(make_case: Callable[..., Case]) -> None:
    cut, loop = (chains.measure(make_case(finish=finish)) for finish in ("length", "loop"))
    assert (cut["truncated"], cut["looped"], cut["ended_by_itself"]) == (1, 0, 0)
    assert (loop["truncated"], loop["looped"], loop["ended_by_itself"]) == (0, 1, 0)


def test_form_of_a_chain_that_was_cut(make_case: Callable[..., Case]) -> None:
    values = chains.measure(make_case(finish="length"))
    assert (values["complete_chain"], values["target_section"], values["ended_by_itself"]) == (0, 1, 0)


def test_form_of_text_without_labels(make_case: Callable[..., Case]) -> None:
    values = chains.measure(make_case("The sky is blue."))
    assert (values["complete_chain"], values["target_section"], values["ended_by_itself"]) == (0, 0, 1)


def test_language_of_a_good_section(make_case: Callable[..., Case]) -> None:
    values = language.measure(make_case())
    assert values == {"reply_in_target": 1, "section_in_target": 1, "reply_in_english": 0, "script_share": 1}


def test_language_of_the_whole_text_where_there_is_no_label(make_case: Callable[..., Case]) -> None:
    values = language.measure(make_case(ENGLISH_TEXT))
    assert values["reply_in_target"] == 0
    assert values["section_in_target"] is None
    assert values["reply_in_english"] == 1


def test_language_of_a_missing_reply_is_zero_but_of_code_unscored(make_case: Callable[..., Case]) -> None:
    missing = language.measure(make_case(ENGLISH_PART))
    assert missing["reply_in_target"] == 0
    assert missing["reply_in_english"] is None
    code = language.measure(make_case(ENGLISH_PART + "Response in Galician:\n```\n1 + 1\n```"))
    assert code["reply_in_target"] is None
    assert code["section_in_target"] is None


def test_language_that_nothing_knows_is_unscored(make_case: Callable[..., Case]) -> None:
    awadhi = find_language("awa")
    case = make_case(language=awadhi, example={"response": "आकास नील अहै काहे से कि हवा नील प्रकास छितरावत अहै।"})
    assert not case.identification.knows_target
    values = language.measure(case)
    assert values["reply_in_target"] is None
    assert values["section_in_target"] is None
    assert values["script_share"] == 1


def test_repetition_is_that_of_the_worst_section(make_case: Callable[..., Case]) -> None:
    loop = "the best way is to make a list of " * 12
    case = make_case(
        f"Instruction in English:\nWhy?\n\nResponse in English:\n{loop}\n\nResponse in Galician:\nPor iso."
    )
    assert (repetition.measure(case)["repetition"] or 0) > 0.8
    assert (repetition.measure(make_case())["repetition"] or 0) < 0.1
    assert repetition.measure(make_case("Short."))["repetition"] is None


@pytest.mark.parametrize("text", ["000,000," * 50, "a" * 200, "una e outra vez, " * 20, "day 12: " * 30])
def test_loops_within_words_are_seen(text: str) -> None:
    assert (repetition.measure_repetition(text, script="Latn") or 0) > 0.8


def test_scripts_without_spaces_are_measured_in_short_sequences() -> None:
    text = "天空是蓝色的因为空气散射蓝光" + "我很喜欢吃苹果和香蕉" * 3
    assert (repetition.measure_repetition(text, script="Hans") or 0) > 0.3
    assert repetition.measure_repetition("你好", script="Hans") is None


@given(st.text(max_size=200), st.sampled_from(["Latn", "Hans", "Thai", "Arab"]))
def test_repetition_is_a_share(text: str, script: str) -> None:
    share = repetition.measure_repetition(text, script=script)
    assert share is None or 0 <= share < 1


@pytest.mark.parametrize(
    ("text", "script", "count"),
    [
        ("One. Two! Three?", "Latn", 3),
        ("It costs 3.50 euros, i.e. not much.", "Latn", 1),
        ("No full stop", "Latn", 1),
        ("Wait... what?!", "Latn", 1),
        ('He said "yes." Then he left.', "Latn", 2),
        ("1. one\n2. two\n3. three", "Latn", 1),
        ("```python\nprint('a. B. C.')\n```\nIt prints.", "Latn", 1),
        ("یک جمله. دو جمله؟ سه جمله!", "Arab", 3),
        ("یہ پہلا ہے۔ یہ دوسرا ہے۔", "Arab", 2),
        ("एक वाक्य। दो वाक्य।", "Deva", 2),
        ("我喜欢。你呢？", "Hans", 2),
        ("ฉันชอบ ข้าว", "Thai", None),
    ],
)
def test_sentences_are_counted_by_punctuation(text: str, script: str, count: int | None) -> None:
    assert length.count_sentences(text, script=script) == count


def test_length_and_use(make_case: Callable[..., Case]) -> None:
    sections = (SectionUse(name="response", tokens=30, seconds=0.4), SectionUse(name="other", tokens=10, seconds=0.1))
    case = make_case(ENGLISH_PART + "Response in Galician:\nA. B. C.", sections=sections)
    values = length.measure(case, limit=3)
    assert values["characters"] == len("A. B. C.")
    assert (values["sentences"], values["too_many_sentences"]) == (3, 1)
    assert length.measure(case, limit=4)["too_many_sentences"] == 0
    assert (values["tokens_response"], values["tokens_other"], values["tokens_response_en"]) == (30, 10, 0)
    assert (values["tokens"], values["seconds"]) == (40, 0.5)
    assert (values["seconds_response"], values["seconds_other"], values["seconds_instruction_en"]) == (0.4, 0.1, 0)


def test_length_of_nothing_and_tokens_that_nobody_counted_are_unscored(make_case: Callable[..., Case]) -> None:
    values = length.measure(make_case(ENGLISH_PART, tokens=0), limit=6)
    assert set(values.values()) == {None}


LIST = "As cores:\n- azul\n- verde\n- vermello"


def test_structure_that_is_kept(make_case: Callable[..., Case]) -> None:
    values = structure.measure(make_case(example={"response": LIST, "response_en": "Colours:\n- a\n- b"}))
    assert values == {"lines_kept": 1, "list_items_kept": 1, "code_fences_kept": None, "flattened": 0}


def test_structure_that_is_lost(make_case: Callable[..., Case]) -> None:
    flat = "Response in English:\nColours:\n- a\n- b\n\nResponse in Galician:\nAs cores: - azul - verde"
    values = structure.measure(make_case(flat, example={"response": LIST}))
    assert values == {"lines_kept": 0.25, "list_items_kept": 0, "code_fences_kept": None, "flattened": 1}


def test_structure_of_a_missing_section_is_zero_where_there_was_any(make_case: Callable[..., Case]) -> None:
    code = "```python\nprint(1)\n```"
    values = structure.measure(make_case(ENGLISH_PART, example={"response": code}))
    assert values["code_fences_kept"] == 0
    assert values["list_items_kept"] is None
    assert structure.measure(make_case())["lines_kept"] is None


@pytest.mark.parametrize(
    ("text", "finish", "kinds"),
    [
        (None, "stop", []),
        ("", "stop", ["empty"]),
        ("O ceo é azul e o sol brilla moito hoxe nesta cidade.", "stop", ["no-chain"]),
        (ENGLISH_PART, "stop", ["missing-section"]),
        (ENGLISH_PART, "loop", ["missing-section", "loop"]),
        (None, "length", ["cut-off"]),
        (None, "label", ["second-answer"]),
        (ENGLISH_PART + "Response in Galician:\n" + ENGLISH_TEXT, "stop", ["english"]),
        (
            ENGLISH_PART
            + "Response in Galician:\nO céu é azul porque a luz do sol é espalhada pelas moléculas do ar, e "
            "as pessoas não conseguem ver as outras cores tão bem.",
            "stop",
            ["wrong-language"],
        ),
        (
            ENGLISH_PART + "Response in Galician:\n" + GALICIAN_TEXT + "\nResponse in Galician:\nx",
            "stop",
            ["label-trouble"],
        ),
        (ENGLISH_PART + "Response in Galician:\n" + (GALICIAN_TEXT + " ") * 8, "stop", ["repetition"]),
    ],
)
def test_failures_are_named_the_worst_first(
    make_case: Callable[..., Case], text: str | None, finish: str, kinds: list[str]
) -> None:
    case = make_case(text, finish=finish)
    failures = find_failures(case, repetition.measure(case))
    assert [failure.kind for failure in failures] == kinds
    assert all(failure.detail for failure in failures)
    assert kinds == sorted(kinds, key=KINDS.index)


def test_every_measure_is_described_once_and_taken_of_every_answer(make_case: Callable[..., Case]) -> None:
    families = list_families(EvaluateOptions())
    names = [metric.name for family in families for metric in family.metrics]
    assert len(set(names)) == len(names)
    texts: list[str | None] = [None, "", "no label", ENGLISH_PART, "Response in Galician:\nSi."]
    for case in (make_case(text) for text in texts):
        for family in families:
            values = family.measure(case)
            assert set(values) == {metric.name for metric in family.metrics}
            for metric in family.metrics:
                value = values[metric.name]
                if value is not None and metric.unit in ("rate", "share"):
                    assert 0 <= value <= 1
                if metric.unit == "rate":
                    assert value in (None, 0, 1)


def test_states_of_the_parser_have_not_been_renamed() -> None:
    # The measures above compare with these names.
    assert {"complete", "no-chain", "empty", "duplicated-label", "wrong-order"} <= set(State.__args__)  # type: ignore[attr-defined]
