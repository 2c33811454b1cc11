"""Step 3 against the answer's own English section, and English before and after."""

from collections.abc import Callable

import pytest

from taco.evaluate import fidelity, retention
from taco.evaluate.case import Case

CHAIN = "Instruction in English:\nWhen?\n\nResponse in English:\n{}\n\nResponse in Galician:\n{}"


@pytest.mark.parametrize(
    ("english", "target", "share"),
    [
        ("In 1969, see https://a.org/x.", "En 1969, véxase https://a.org/x.", 1),
        ("In 1969 and 1970.", "En 1969.", 0.5),
        ("Twice 7 and 7.", "Unha vez 7.", 0.5),
        ("It costs 1,000.50 euros.", "Custa 1.000,50 euros.", 1),
        ("In 2024.", "२०२४", 1),
        ("Use `len(x)` in HTML5.", "Usa `len(x)` en HTML5.", 1),
        ("Use `len(x)`.", "Usa `longo(x)`.", 0),
        ("1. one\n2. two", "Un e dous", None),
        ("Nothing to hold on to.", "Nada.", None),
        ("```\nx = 1\n```\nIt is 5.", "Son 5.", 1),
        ("It is 5.", "", 0),
    ],
)
def test_what_step_3_kept(make_case: Callable[..., Case], english: str, target: str, share: float | None) -> None:
    assert fidelity.measure(make_case(CHAIN.format(english, target))) == {"anchors_kept": share}


def test_english_is_that_of_the_section_or_of_a_reply_without_labels(make_case: Callable[..., Case]) -> None:
    text = "The air scatters blue light more than red light, so the sky looks blue during the day."
    tuned, base = make_case(CHAIN.format(text, "O ceo.")), make_case(text)
    assert retention.measure(tuned) == retention.measure(base) == {"chrf_english": 100}


@pytest.mark.parametrize("text", ["", "O aire espalla a luz azul máis que a luz vermella, así que o ceo semella azul."])
def test_answers_without_english_are_unscored(make_case: Callable[..., Case], text: str) -> None:
    assert retention.measure(make_case(text)) == {"chrf_english": None}
