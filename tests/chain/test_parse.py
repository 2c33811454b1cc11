"""The tolerant parser: what it makes of what models write."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.chain.formats import find_template
from taco.chain.parse import STATES, find_restart, parse_chain, parse_chain_strict
from taco.chain.template import unescape_labels
from taco.errors import DataError
from taco.languages.table import find_language

GALICIAN = find_language("gl")
RELEASE = Path(__file__).parents[2].parent / "shared" / "data" / "taco-release"
I, R, X = "Instruction in English:", "Response in English:", "Response in Galician:"  # noqa: E741


def state_of(text: str, finish: str = "stop") -> str:
    return parse_chain(text, template="taco", language=GALICIAN, finish=finish).state


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (f"{I}\na\n\n{R}\nb\n\n{X}\nc", "complete"),
        (f"{I} a\n{R} b\n{X} c", "complete"),
        (f"**{I}** a\n\n## {R}\nb\n\n* {X} c", "complete"),
        (f"{I.lower()}\na\n{R.upper()}\nb\nResponse in Galego: c", "complete"),
        (f"{R}\nb\n\n{X}\nc", "missing-instruction"),
        (f"{I}\na\n\n{X}\nc", "missing-response-en"),
        (f"{I}\na\n\n{R}\nb", "missing-response"),
        (f"{I}\na\n\n{R}\nb\n\n{X}\n  ", "missing-response"),
        (f"{I}\na\n\n{X}\nc\n\n{R}\nb", "wrong-order"),
        (f"{I}\na\n\n{R}\nb\n\n{X}\nc\n\n{R}\nb", "duplicated-label"),
        ("O ceo é azul.", "no-chain"),
        (f"We write {R} in the middle of a line", "no-chain"),
        (" \n ", "empty"),
        ("", "empty"),
    ],
)
def test_states(text: str, state: str) -> None:
    assert state_of(text) == state


@pytest.mark.parametrize("finish", ["length", "loop"])
def test_a_chain_that_was_cut_is_truncated(finish: str) -> None:
    assert state_of(f"{I}\na\n\n{R}\nb\n\n{X}\nc", finish) == "truncated"


def test_an_answer_that_was_ended_at_a_second_one_is_complete() -> None:
    assert state_of(f"{I}\na\n\n{R}\nb\n\n{X}\nc", "label") == "complete"


@pytest.mark.parametrize("label", [I, R, X])
def test_a_label_after_the_last_section_is_where_an_answer_begins_anew(label: str) -> None:
    whole = f"{I}\na\n\n{R}\nb\n\n{X}\nc\n\n"
    assert find_restart(f"{whole}{label}\nd\n\n{X}\ne", template="taco", language=GALICIAN) == len(whole)


@pytest.mark.parametrize(
    "text",
    [
        f"{I}\na\n\n{R}\nb\n\n{X}\nc",
        f"{I}\na\n\n{R}\nb\n\n{R}\nb\n\n{X}\nc",
        f"{I}\na\n\n{R}\nb\n\n{X}\n\n{X}\nc",
        f"{I}\na\n\n{R}\nb\n\n{X}\n\\{X}\nc",
        f"{X}\nc\n\n{X}\nc",
        "",
    ],
    ids=["ends", "english-twice", "empty-section", "escaped", "no-chain", "nothing"],
)
def test_no_second_answer(text: str) -> None:
    assert find_restart(text, template="taco", language=GALICIAN) is None


def test_the_first_of_two_sections_is_taken() -> None:
    parsed = parse_chain(f"{I}\na\n\n{R}\nb\n\n{X}\nc\n\n{X}\nd", template="taco", language=GALICIAN)
    assert (parsed.state, parsed.response) == ("duplicated-label", "c")


@given(st.lists(st.sampled_from([I, R, X, "\n", "word", "  ", "é।", "\\"]), max_size=12).map("".join))
def test_spans_point_at_the_sections_and_never_overlap(text: str) -> None:
    parsed = parse_chain(text, template="taco", language=GALICIAN)
    assert parsed.state in STATES
    ends = 0
    for start, end in sorted(parsed.spans.values()):
        assert ends <= start <= end <= len(text)
        ends = end
    for name, (start, end) in parsed.spans.items():
        assert getattr(parsed, name) == unescape_labels(text[start:end], find_template("taco"), GALICIAN).strip()


def test_strict_parse_refuses_what_is_not_exact() -> None:
    with pytest.raises(DataError, match="no chain of the template 'taco'"):
        parse_chain_strict(f"{I} a\n{R} b\n{X} c", template="taco", language=GALICIAN)


@pytest.mark.skipif(not RELEASE.exists(), reason="the released answers are not beside the project")
@pytest.mark.parametrize(("folder", "without_target"), [("nepali", {42, 65, 66}), ("persian", set())])
def test_released_answers(folder: str, without_target: set[int]) -> None:
    # Which answers lack the third part was found by recomputation from the paper's release.
    language = find_language(folder)
    found = {
        int(path.stem)
        for path in (RELEASE / folder / "responses").glob("*.txt")
        if not parse_chain(path.read_text(encoding="utf-8"), template="taco-paper", language=language).response
    }
    assert found == without_target
