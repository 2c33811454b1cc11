"""Who sees what: balanced for any number of raters, systems and questions; the order keeps one question's answers apart."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from studies import make_conversations, make_submissions

from taco.annotate.design import Unit, deal, draw_questions, list_units, order
from taco.evaluate.judge.submission import Submission

RATERS = tuple("abcdefg")


@st.composite
def designs(draw: st.DrawFn) -> tuple[list[Unit], tuple[str, ...], int, int]:
    raters = RATERS[: draw(st.integers(1, 7))]
    systems = [f"s{number}" for number in range(draw(st.integers(1, 4)))]
    submissions = make_submissions(questions=draw(st.integers(1, 12)), systems=systems)
    units, _ = list_units(submissions, "rating")
    return units, raters, draw(st.integers(1, len(raters))), draw(st.integers(0, 2**40))


@settings(deadline=None, max_examples=60)
@given(designs())
def test_every_unit_goes_to_as_many_raters_and_every_rater_sees_every_system_alike(
    design: tuple[list[Unit], tuple[str, ...], int, int],
) -> None:
    units, raters, each, seed = design
    sheets = deal(units, raters, each=each, seed=seed)
    seen = Counter((unit.question, unit.systems) for sheet in sheets.values() for unit in sheet)
    assert seen == {(unit.question, unit.systems): each for unit in units}
    for sheet in sheets.values():
        assert max(Counter((unit.question, unit.systems) for unit in sheet).values(), default=1) == 1
    for system in {unit.systems for unit in units}:
        loads = [sum(unit.systems == system for unit in sheet) for sheet in sheets.values()]
        assert max(loads) - min(loads) <= 1
    loads = [len(sheet) for sheet in sheets.values()]
    assert max(loads) - min(loads) <= 2


def test_raters_meet_each_other_about_as_often() -> None:
    units, _ = list_units(make_submissions(questions=80), "rating")
    sheets = deal(units, RATERS[:5], each=2, seed=3)
    holders: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for rater, sheet in sheets.items():
        for unit in sheet:
            holders.setdefault((unit.question, unit.systems), set()).add(rater)
    met = Counter(tuple(sorted(pair)) for pair in holders.values())
    assert len(met) == 10
    assert 32 - 12 <= min(met.values()) <= max(met.values()) <= 32 + 12  # 320 answers for ten pairs


def test_a_whole_sheet_goes_in_rounds() -> None:
    units, _ = list_units(make_submissions(questions=20), "rating")
    shown = order(units, 5, "ana")
    assert sorted(shown, key=repr) == sorted(units, key=repr)
    for start in range(0, 80, 20):
        assert len({unit.question for unit in shown[start : start + 20]}) == 20
        assert set(Counter(unit.systems for unit in shown[start : start + 20]).values()) == {5}
    places: dict[str, list[int]] = {}
    for place, unit in enumerate(shown):
        places.setdefault(unit.question, []).append(place)
    assert all(later - earlier == 20 for found in places.values() for earlier, later in pairwise(found))


def test_order_and_deal_are_the_seeds_and_do_not_repeat_a_pattern() -> None:
    units, _ = list_units(make_submissions(questions=40), "rating")
    first, again, other = (order(units, seed, "ana") for seed in (1, 1, 2))
    assert first == again != other
    assert order(units, 1, "bea") != first
    systems = [unit.systems for unit in first[:40]]
    assert any(systems[place] != systems[place + 4] for place in range(36))  # no A B C D A B C D
    assert deal(units, RATERS, each=2, seed=1) == deal(units, RATERS, each=2, seed=1)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 15), st.integers(0, 2**40))
def test_each_side_of_a_pair_is_as_often_first(questions: int, seed: int) -> None:
    units, _ = list_units(make_submissions(questions=questions, systems=("a", "b", "c")), "pair")
    shown = Counter(unit.systems for unit in order(units, seed, "ana"))
    for first, second in (("a", "b"), ("a", "c"), ("b", "c")):
        assert shown[first, second] + shown[second, first] == questions
        assert abs(shown[first, second] - shown[second, first]) <= 1


def test_what_needs_no_eyes_is_left_out_and_counted() -> None:
    submissions = make_submissions(questions=3, systems=("a", "b"))
    silent = Submission(id="0", system="c", language="gl", question=submissions[0].question, answer="  ")
    same = Submission(id="1", system="c", language="gl", question=submissions[1].question, answer=submissions[1].answer)
    other = Submission(id="2", system="c", language="gl", question="Another one?", answer="Si.")
    units, left_out = list_units([*submissions, silent, same, other], "rating")
    assert (len(units), left_out) == (8, {"no-answer": 1})
    units, left_out = list_units([*submissions, silent, same, other], "pair")
    assert left_out == {"no-answer": 2, "equal": 1}
    assert len(units) == 3 + 1  # question 2 of the third system is another question, so it is compared with nothing


def test_turns_are_units_of_their_own_and_one_behind_a_missing_answer_is_left_out() -> None:
    units, left_out = list_units(make_conversations(), "rating")
    assert left_out == {"no-answer": 1, "earlier-turn-failed": 1}
    assert Counter(unit.turn for unit in units) == {1: 7, 2: 7}
    shown = order(units, 1, "ana")
    assert sorted(map(repr, shown)) == sorted(map(repr, units))
    pairs, left_out = list_units(make_conversations(), "pair")
    assert left_out == {"no-answer": 1, "earlier-turn-failed": 1}
    assert Counter(unit.turn for unit in pairs) == {1: 3, 2: 3}
    assert all(len({answer.turn for answer in unit.answers}) == 1 for unit in pairs)


def test_questions_are_drawn_evenly_from_the_categories() -> None:
    units, _ = list_units(make_submissions(questions=30), "rating")
    drawn = draw_questions(units, 10, seed=4)
    assert len(drawn) == 40
    assert Counter(unit.answers[0].category for unit in drawn) == {"writing": 20, "math": 20}
    assert draw_questions(units, None, seed=4) == draw_questions(units, 99, seed=4) == units
