"""Rows that translation would spoil are recognised, those that only look like it are not, and texts to keep are found."""

import csv
import json
import os
import random
import string
from pathlib import Path

import pytest
from hygiene_examples import HARMLESS, HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.records import Drop, Row
from taco.source.format import FORMATS
from taco.source.hygiene.classes import ACTIONS, BY_NAME, CLASSES
from taco.source.hygiene.keep import COMMON_WORDS
from taco.source.hygiene.options import HygieneOptions
from taco.source.hygiene.rules import read_rules
from taco.source.hygiene.sift import REASON, Sieve, find_classes
from taco.source.normalise import make_row as normalise_row
from taco.source.seed import parse_seed, read_seed_lines

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("TACO_SHARED_DATA") or ROOT.parent / "shared" / "data")
ALPACA = SHARED / "alpaca" / "alpaca_gpt4_en_999.json"

CORRECTED = "She walks to the market every day."
"""Answers the one example whose input and answer alone show what was asked."""

HINTS = sorted(read_rules().hints)


def make_row(instruction: str, text: str = "", response: str = "An answer.") -> Row:
    return Row(id="0" * 16, instruction=instruction, input=text, response=response)


def sift(row: Row, **options: object) -> Row | Drop:
    return Sieve(HygieneOptions.model_validate(options)).sift(row)


def kept_texts(instruction: str, text: str, response: str) -> tuple[str, ...]:
    row = sift(make_row(instruction, text, response))
    assert isinstance(row, Row), row
    assert row.hostile
    return row.keep


@pytest.mark.parametrize(
    ("kind", "instruction", "text"), [(kind, *example) for kind, examples in HOSTILE.items() for example in examples]
)
def test_hostile_rows_are_recognised(kind: str, instruction: str, text: str) -> None:
    response = CORRECTED if instruction.startswith("Do as") else "An answer."
    assert set(find_classes(make_row(instruction, text, response))) == {kind}


@pytest.mark.parametrize(("instruction", "text"), HARMLESS)
def test_rows_that_only_look_hostile_are_not(instruction: str, text: str) -> None:
    assert find_classes(make_row(instruction, text)) == {}


def test_every_class_has_examples_and_an_option() -> None:
    assert set(HOSTILE) | {"unchanged"} == set(BY_NAME)
    defaults = HygieneOptions().model_dump()
    assert defaults == {"enabled": True} | {kind.name: kind.action for kind in CLASSES}


def test_an_answer_that_is_the_input_is_recognised() -> None:
    assert set(find_classes(make_row("Put the steps in order.", "Mix, bake.", "Mix, bake."))) == {"unchanged"}
    assert find_classes(make_row("Say hello.", "", "")) == {}


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("He learn quickly", "He learns quickly."),
        ("we left,and they stayed", "We left, and they stayed"),
    ],
)
def test_a_small_correction_shows_whatever_was_asked(text: str, response: str) -> None:
    assert set(find_classes(make_row("Apply what we agreed on.", text, response))) == {"correction"}


def test_an_answer_in_another_language_shows_whatever_was_asked() -> None:
    assert set(find_classes(make_row("Go on.", "", "Où est la clé de la maison ?"))) == {"translation"}
    assert find_classes(make_row("Go on.", "", "The café serves crème brûlée to all who ask for it.")) == {}


def test_what_a_quotation_says_asks_nothing() -> None:
    assert find_classes(make_row("Who wrote the novel 'Rhyme and Grammar'?")) == {}


def test_questions_that_only_point_at_the_input_are_read_in_the_input() -> None:
    assert set(find_classes(make_row("Answer the question.", "Which words rhyme with 'moon'?"))) == {"rhyme"}


@pytest.mark.parametrize(
    ("instruction", "text", "response", "kept"),
    [
        (
            "Correct the grammar.",
            "He don't like apples.",
            "He doesn't like apples.",
            {"He don't like apples.", "He doesn't like apples."},
        ),
        ("Give two synonyms for 'quick'.", "", "1. Fast\n2. Rapid", {"quick", "Fast", "Rapid"}),
        (
            "Find the adverb.",
            "A small cat slept quietly.",
            'The adverb is "quietly".',
            {"A small cat slept quietly.", "quietly"},
        ),
        ("What is the plural of 'goose'?", "", 'The plural of "goose" is "geese".', {"goose", "geese"}),
        ("Translate into German.", "Good night", "Gute Nacht", {"Good night", "Gute Nacht"}),
        (
            "What does ATM stand for?",
            "",
            "ATM stands for Automated Teller Machine.",
            {"ATM", "Automated Teller Machine"},
        ),
        (
            "What does HTML stand for?",
            "",
            "It is short for HyperText Markup Language.",
            {"HTML", "HyperText Markup Language"},
        ),
    ],
)
def test_texts_that_the_row_is_about_are_kept(instruction: str, text: str, response: str, kept: set[str]) -> None:
    assert set(kept_texts(instruction, text, response)) == kept


def test_prose_about_a_text_is_not_kept() -> None:
    kept = kept_texts("What part of speech is the word 'slowly'?", "", "It is an adverb, as it says how.")
    assert kept == ("slowly",)


def test_longer_texts_come_first() -> None:
    kept = kept_texts("Sort these words alphabetically.", "pear, fig", "fig, pear")
    assert list(kept) == sorted(kept, key=lambda text: (-len(text), text))


def test_a_common_word_is_never_kept_alone() -> None:
    kept = kept_texts(
        "Identify the parts of speech.", "The cat slept.", "- The (article)\n- cat (noun)\n- slept (verb)"
    )
    assert set(kept) == {"The cat slept.", "cat", "slept"}
    shared = make_row("Which words do both sentences have in common?", "The cat sat.\nThe dog sat.", "- The\n- sat")
    dropped = sift(shared)
    assert isinstance(dropped, Drop) and dropped.reason == "hostile-strings"


def test_a_row_whose_texts_cannot_be_told_from_prose_is_dropped() -> None:
    row = make_row("Give an idiom.", "", "It is said of people who talk too much about what nobody asked them about.")
    dropped = sift(row)
    assert isinstance(dropped, Drop)
    assert dropped.reason == "hostile-idioms" and "cannot be told from prose" in dropped.detail


def test_the_recipe_decides_what_becomes_of_a_class() -> None:
    row = make_row("Give two synonyms for 'quick'.", "", "1. Fast\n2. Rapid")
    dropped = sift(row, synonyms="drop")
    assert isinstance(dropped, Drop)
    assert (dropped.reason, dropped.stage, dropped.id) == ("hostile-synonyms", "source", row.id)
    assert "synonyms" in dropped.detail
    marked = sift(row, synonyms="translate")
    assert isinstance(marked, Row) and (marked.hostile, marked.keep) == ("synonyms", ())
    assert sift(row, enabled=False) == row


def test_of_several_classes_the_strictest_action_counts() -> None:
    row = make_row("Write a haiku using these words.", "sea, moon", "The sea and the moon.")
    assert set(find_classes(row)) == {"verse", "vocabulary"}
    dropped = sift(row)
    assert isinstance(dropped, Drop) and dropped.reason == "hostile-verse"
    marked = sift(row, verse="translate")
    assert isinstance(marked, Row) and marked.hostile == "verse"


def test_only_marks_are_put_on_a_row() -> None:
    row = make_row("Correct the spelling.", "Their late.", "They're late.")
    sifted = sift(row)
    assert isinstance(sifted, Row)
    assert (sifted.instruction, sifted.input, sifted.response) == (row.instruction, row.input, row.response)


def test_the_seed_set_has_no_hostile_rows() -> None:
    found = {}
    for origin, line in read_seed_lines():
        [draft] = parse_seed(json.loads(line))
        if classes := find_classes(make_row(draft.instruction, draft.input, draft.response)):
            found[origin] = classes
    assert found == {}


def read_judged() -> list[list[str]]:
    with (ROOT / "docs" / "results" / "hygiene-sample.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t"))[1:]


def test_the_judged_sample_uses_the_classes() -> None:
    judged = read_judged()
    assert len({row_id for row_id, *_ in judged}) == 100
    assert {stratum for _, stratum, *_ in judged} == {"flagged", "other"}
    assert {kind for _, _, kind, *_ in judged} <= {*BY_NAME, "none"}


def test_the_judged_sample_is_still_recognised() -> None:
    if not ALPACA.exists():
        pytest.skip(f"no data at {ALPACA}")
    found = {}
    for fields in json.loads(ALPACA.read_text(encoding="utf-8")):
        [draft] = FORMATS["alpaca"].parse(fields)
        row = normalise_row(draft, origin="")
        found[row.id] = set(find_classes(row))
    wrong = {row_id: found[row_id] for row_id, _, kind, *_ in read_judged() if found[row_id] != {kind} - {"none"}}
    assert wrong.keys() <= {"d06e6dcc8bd4e023"}, "the one that was wrong when the sample was judged"


QUOTES = st.sampled_from(
    ["'{}'", '"{}"', "“{}”", "`{}`", "**{}**", "{}", ": {}", "\n{}", "- {}\n", "{} (noun)", "{} = "]
)
WORDS = st.one_of(
    st.sampled_from(HINTS),
    st.sampled_from(
        ["the", "this", "sentence", "word", "identify", "rewrite", "in", "is", "of", "Paris", "geese", "NATO"]
    ),
    st.text(alphabet=string.ascii_letters + string.punctuation + " \néßжあ好\u0301", max_size=8),
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.builds(str.format, QUOTES, WORDS), max_size=14).map(" ".join),
    st.sampled_from([example for examples in HOSTILE.values() for pair in examples for example in pair]),
)
ROWS = st.builds(make_row, TEXTS, TEXTS, TEXTS)


@settings(max_examples=400, deadline=None)
@given(ROWS, st.sampled_from([None, *ACTIONS]))
def test_any_text_is_sifted_without_a_fault(row: Row, action: str | None) -> None:
    options = dict.fromkeys(BY_NAME, action) if action else {}
    sifted = sift(row, **options)
    assert sifted == sift(row, **options)
    classes = find_classes(row)
    if isinstance(sifted, Drop):
        assert sifted.reason.removeprefix(REASON) in classes
        assert sifted.detail and sifted.id == row.id
        return
    assert sifted.hostile in classes or (not sifted.hostile and not classes)
    assert list(sifted.keep) == sorted(set(sifted.keep), key=lambda text: (-len(text), text))
    for text in sifted.keep:
        assert any(text in field for field in (row.instruction, row.input, row.response))
        assert any(map(str.isalpha, text)) and "\n" not in text and text.lower() not in COMMON_WORDS


@settings(max_examples=20, deadline=None)
@given(st.lists(ROWS, max_size=12), st.randoms(use_true_random=False))
def test_what_becomes_of_a_row_does_not_depend_on_the_others(rows: list[Row], shuffler: random.Random) -> None:
    sieve = Sieve(HygieneOptions())
    alone = [Sieve(HygieneOptions()).sift(row) for row in rows]
    order = list(range(len(rows)))
    shuffler.shuffle(order)
    together = {number: sieve.sift(rows[number]) for number in order}
    assert [together[number] for number in range(len(rows))] == alone


@pytest.mark.parametrize("length", [5_000, 50_000])
@pytest.mark.parametrize("piece", ["is ", "a ", "(", "' ", '"', "- ", "a: ", "word of the sentence ", "x"])
def test_long_texts_end(piece: str, length: int) -> None:
    text = piece * (length // len(piece)) + "):"
    for instruction in ("Give synonyms for 'big'.", "What does AAAAAAAB stand for?", "Correct the grammar.", text):
        assert sift(make_row(instruction, text, text + "y"))
