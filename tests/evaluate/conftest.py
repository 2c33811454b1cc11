"""Makers of examples, answers and cases."""

from collections.abc import Callable

import pytest

from taco.chain.formats import find_template
from taco.evaluate.case import Case, build_case
from taco.languages.table import Language, find_language
from taco.records import Answer, Chain, Example

QUESTION = "Why is the sky blue?"
REPLY_EN = "The air scatters blue light more than red light, so the sky looks blue during the day."
REPLY = "O aire espalla a luz azul máis que a luz vermella, así que o ceo semella azul durante o día."


def build_example(number: int = 1, *, language: Language, **changes: str) -> Example:
    """Build an example; changes may be fields of the chain or of the example."""
    texts = {"instruction_en": QUESTION, "response_en": REPLY_EN, "response": REPLY}
    chain = Chain(**{name: changes.pop(name, text) for name, text in texts.items()})
    template = find_template(changes.pop("template", "taco"))
    fields = {"id": f"{number:016x}", "category": "knowledge", "prompt": f"Por que o ceo é azul? ({number})"} | changes
    return Example(
        language=language.code,
        template=template.name,
        system=template.system(language),
        completion=template.render(chain, language),
        chain=chain,
        **fields,
    )


def build_answer(example: Example, text: str | None = None, **changes: object) -> Answer:
    """Build an answer to an example; without a text, its own reference chain."""
    fields: dict[str, object] = {
        "id": example.id,
        "arm": "tuned",
        "prompt": example.prompt,
        "text": example.completion if text is None else text,
        "finish": "stop",
        "state": "complete",
        "tokens": 40,
        "seconds": 0.5,
    }
    return Answer(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def galician() -> Language:
    return find_language("gl")


@pytest.fixture
def make_example(galician: Language) -> Callable[..., Example]:
    return lambda number=1, **changes: build_example(number, **({"language": galician} | changes))


@pytest.fixture
def make_answer() -> Callable[..., Answer]:
    return build_answer


@pytest.fixture
def make_case(galician: Language) -> Callable[..., Case]:
    """Make a case from an answer's text; keyword arguments go to the answer, those of `example` to the example."""

    def make(
        text: str | None = None,
        *,
        language: Language = galician,
        example: dict[str, str] | None = None,
        **changes: object,
    ) -> Case:
        asked = build_example(language=language, **(example or {}))
        return build_case(asked, build_answer(asked, text, **changes), language)

    return make
