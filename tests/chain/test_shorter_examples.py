"""Examples are shortened by whole sentences of both responses, and no other section changes."""

import pytest

from taco.chain.formats import list_formats
from taco.chain.parse import parse_chain_strict
from taco.chain.run import build_examples
from taco.chain.shorten import cut_example, find_example_cuts, shorten_example
from taco.languages.table import find_language
from taco.records import Example, TranslatedRow

GALICIAN = find_language("gl")
ROW = TranslatedRow(
    id="0" * 16,
    language="gl",
    category="",
    instruction_en="What do you do?",
    input_en="",
    response_en="It rains. We stay.\n\n- a\n- b\n\nThe end.",
    instruction="Que fas?",
    input="",
    response="Chove. Quedamos.\n\n- a\n- b\n\nFin.",
    words=1,
    unknown_words=0,
    engine="echo",
)
FORMATS = [name for name in list_formats() if name != "translate-only"]


def build(template: str, **changes: str) -> Example:
    import dataclasses

    return build_examples(dataclasses.replace(ROW, **changes), GALICIAN, template=template)[0]


@pytest.mark.parametrize("template", FORMATS)
def test_every_cut_is_a_whole_example(template: str) -> None:
    example = build(template)
    for cut in find_example_cuts(example):
        shorter = cut_example(example, cut)
        assert parse_chain_strict(shorter.completion, template=template, language=GALICIAN) == shorter.chain
        assert (shorter.prompt, shorter.chain.instruction_en) == (example.prompt, example.chain.instruction_en)
        assert ROW.response.startswith(shorter.chain.response)
        assert ROW.response_en.startswith(shorter.chain.response_en)
    if template != "question-translation":
        assert cut_example(example, find_example_cuts(example)[-1]) == example


@pytest.mark.parametrize(
    ("template", "shorter"),
    [
        ("taco", ["Chove.", "Chove. Quedamos.", "Chove. Quedamos.\n\n- a\n- b", ROW.response]),
        ("two-section", ["Chove.", "Chove. Quedamos.", "Chove. Quedamos.\n\n- a\n- b", ROW.response]),
        ("direct", ["Chove. Quedamos.", "Chove. Quedamos.\n\n- a\n- b", ROW.response]),
        ("question-translation", []),
    ],
)
def test_where_a_template_may_be_cut(template: str, shorter: list[str]) -> None:
    example = build(template)
    assert [cut_example(example, cut).chain.response for cut in find_example_cuts(example)] == shorter


def test_the_longest_that_fits_is_taken() -> None:
    example = build("taco")
    for limit in range(len(example.completion)):
        shortened = shorten_example(example, lambda one, limit=limit: len(one.completion) <= limit)
        fitting = [
            cut_example(example, cut)
            for cut in find_example_cuts(example)[:-1]
            if len(cut_example(example, cut).completion) <= limit
        ]
        assert shortened.example == (fitting[-1] if fitting else None)
        assert shortened.reason == ("" if fitting else "too-long")
        assert shortened.sentences_cut == (5 - (1, 2, 4)[len(fitting) - 1] if fitting else 0)


def test_what_cannot_be_compared_is_not_cut() -> None:
    example = build("taco", response="Chove e quedamos.\n\nFin.")
    shortened = shorten_example(example, lambda one: len(one.completion) < 10)
    assert (shortened.example, shortened.reason) == (None, "not-aligned")


def test_both_sides_of_a_translation_pair_are_cut() -> None:
    pairs = build_examples(ROW, GALICIAN, template="translate-only")
    cut = {one.template.partition(":")[2]: [cut_example(one, cut) for cut in find_example_cuts(one)] for one in pairs}
    first = cut["response-to-english"][0]
    assert (first.prompt, first.completion) == ("Chove.", "It rains.")
    first = cut["response-to-target"][0]
    assert (first.prompt, first.completion) == ("It rains.", "Chove.")
    assert cut["question-to-target"] == cut["question-to-english"] == []
