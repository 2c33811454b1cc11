"""The chain guard on streams: what was given out stays, whatever has to be repaired, however the text is cut into pieces."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.chain.formats import find_template
from taco.chain.parse import parse_chain
from taco.generate.backend import Limits, Refusal
from taco.generate.guard_options import GUARD_OFF, BudgetOptions, GuardOptions
from taco.generate.guarded_session import GuardedSession
from taco.generate.scripted import Line, ScriptedSession
from taco.generate.session import Ask, Piece
from taco.generate.watch import MOST_HELD, RepeatWatch
from taco.languages.table import find_language
from taco.records import undo_repairs

GALICIAN = find_language("gl")
ONE, TWO, THREE = find_template("taco").separators(GALICIAN)
QUESTION = f"{ONE}Why is the sky blue?"
ENGLISH = "The sky is blue because air scatters the short waves of light. Long waves pass through it mostly unhindered."
TARGET = (
    "O ceo é azul porque o aire dispersa as ondas curtas da luz. As ondas longas atravésano case sen ningún estorbo."
)
WHOLE = f"{QUESTION}{TWO}{ENGLISH}{THREE}{TARGET}"
LOOP = "de novo e outra vez " * 20
ON = GuardOptions()


def make_ask(key: str = "q", *, guard: GuardOptions = ON, tokens: int = 1000, template: str = "taco") -> Ask:
    return Ask(
        id=key,
        adapter="a",
        turns=[("user", key)],
        template=template,
        language=GALICIAN,
        limits=Limits(max_new_tokens=tokens, loop_guard=True),
        guard=guard,
    )


def run(session: GuardedSession, asks: Sequence[Ask], *, steps: int = 3000) -> dict[str, list[Piece]]:
    found: dict[str, list[Piece]] = {}
    for ask in asks:
        assert isinstance(session.join(ask), int)
        found[ask.id] = []
    for _ in range(steps):
        for piece in session.step():
            found[piece.id].append(piece)
        if all(pieces and pieces[-1].finish for pieces in found.values()):
            return found
    raise AssertionError("some answer never ended")


def stream(*lines: Line, guard: GuardOptions = ON, cut: Callable | None = None, **more: int) -> list[Piece]:
    session = ScriptedSession({"q": lines}, cut=cut) if cut else ScriptedSession({"q": lines})
    return run(GuardedSession(session), [make_ask(guard=guard, **more)])["q"]


def join(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def kinds(pieces: Sequence[Piece]) -> list[tuple[str, str]]:
    return [(one.kind, one.outcome) for one in pieces[-1].repairs]


def test_a_good_answer_goes_through_as_it_is() -> None:
    guarded, bare = stream(Line(WHOLE)), stream(Line(WHOLE), guard=GUARD_OFF)
    assert join(guarded) == join(bare) == WHOLE
    assert len(guarded) == len(bare)  # every piece is a token still
    assert guarded[-1].repairs == ()


def test_english_sections_come_at_once() -> None:
    guarded, bare = stream(Line(WHOLE)), stream(Line(WHOLE), guard=GUARD_OFF)
    middle = WHOLE.index(ENGLISH) + len(ENGLISH) // 2
    place = next(place for place in range(len(bare)) if len(join(bare[:place])) >= middle)
    assert join(guarded[:place]) == join(bare[:place])


def test_a_missing_heading_is_gone_on_from_while_others_go_on() -> None:
    script = {"q": [Line(f"{QUESTION}{TWO}{ENGLISH}"), Line(TARGET)], "r": [Line(WHOLE)]}
    found = run(GuardedSession(ScriptedSession(script)), [make_ask("q"), make_ask("r")])
    assert join(found["q"]) == join(found["r"]) == WHOLE
    assert kinds(found["q"]) == [("heading", "continued")]
    assert kinds(found["r"]) == []


def test_an_earlier_heading_that_comes_again_is_never_shown() -> None:
    raw = f"{QUESTION}{TWO}{ENGLISH}{TWO}{ENGLISH} and much more {ENGLISH}"
    pieces = stream(Line(raw), Line(TARGET))
    assert kinds(pieces) == [("heading", "continued")]
    assert join(pieces) == WHOLE
    assert len(pieces[-1].repairs[0].removed) < len(TWO) + 12  # it was stopped at once


def test_a_loop_is_held_back_cut_and_gone_on_from() -> None:
    head = f"{QUESTION}{TWO}{ENGLISH}{THREE}O ceo é azul e "
    pieces = stream(Line(head + LOOP, "loop"), Line("iso é todo."))
    text = join(pieces)
    assert kinds(pieces) == [("loop", "retried")]
    assert text.count("de novo e outra vez ") <= 3  # twice it was read before anybody could tell
    assert text.endswith("iso é todo.")
    assert undo_repairs(text, pieces[-1].repairs) == head + LOOP


def test_a_loop_that_comes_again_ends_the_answer() -> None:
    pieces = stream(Line(WHOLE + " " + LOOP, "loop"), Line("e mais " + LOOP, "loop"))
    assert kinds(pieces) == [("loop", "retried"), ("loop", "closed")]
    assert pieces[-1].finish == "loop"
    assert join(pieces).count("de novo e outra vez ") <= 6


def test_repeats_that_break_off_are_given_out() -> None:
    text = f"{QUESTION}{TWO}{ENGLISH}{THREE}{TARGET} {TARGET} {TARGET} Fin."
    assert join(stream(Line(text))) == text


def test_another_language_is_never_shown() -> None:
    head = f"{QUESTION}{TWO}{ENGLISH}{THREE}"
    pieces = stream(Line(head + ENGLISH + " " + ENGLISH), Line(TARGET))
    assert kinds(pieces) == [("language", "retried")]
    assert join(pieces) == WHOLE
    (done,) = pieces[-1].repairs
    assert done.removed.startswith("The sky is blue")
    assert len(done.removed) < len(ENGLISH)  # it was not waited for the end


def test_a_section_over_its_budget_is_closed_at_a_sentence() -> None:
    guard = GuardOptions(budget=BudgetOptions(response_en=16))
    pieces = stream(Line(f"{QUESTION}{TWO}{ENGLISH} {ENGLISH}{THREE}{TARGET}"), Line(TARGET), guard=guard)
    assert kinds(pieces) == [("budget", "continued")]
    parsed = parse_chain(join(pieces), template="taco", language=GALICIAN)
    assert parsed.response_en == ENGLISH.partition(". ")[0] + "."
    assert parsed.response == TARGET


def test_the_last_section_over_its_budget_ends_there() -> None:
    guard = GuardOptions(budget=BudgetOptions(response=14))
    pieces = stream(Line(WHOLE), guard=guard)
    assert kinds(pieces) == [("budget", "closed")]
    assert pieces[-1].finish == "length"
    assert parse_chain(join(pieces), template="taco", language=GALICIAN).response == TARGET.partition(". ")[0] + "."


def test_a_short_answer_and_one_of_code_are_not_held_for_ever() -> None:
    short = f"{QUESTION}{TWO}Yes.{THREE}Si."
    assert join(stream(Line(short))) == short
    code = "```\n" + "x = 1\n" * 100 + "```"
    pieces = stream(Line(f"{QUESTION}{TWO}Code.{THREE}{code}"), guard=GuardOptions(loop=False))
    early = pieces[: len(pieces) - 150]
    assert len(join(pieces)) - len(join(early)) < len(code)
    assert MOST_HELD < 150


def test_who_is_gone_on_with_comes_before_who_waits() -> None:
    session = GuardedSession(
        ScriptedSession({"q": [Line(QUESTION), Line(f"{ENGLISH}{THREE}{TARGET}")], "r": [Line(WHOLE)]}, room=1)
    )
    assert session.join(make_ask("q")) == 1
    pieces: list[Piece] = []
    turned_away = 0
    while not pieces or not pieces[-1].finish:
        pieces += session.step()
        turned_away += session.join(make_ask("r")) is None
    assert join(pieces) == WHOLE
    assert turned_away >= len(pieces) - 1


def test_a_refused_prefix_ends_the_answer_as_it_was() -> None:
    class Full(ScriptedSession):
        def join(self, ask: Ask) -> int | Refusal | None:
            refusal = Refusal(id=ask.id, reason="prompt-too-long", detail="")
            return refusal if ask.prefix else super().join(ask)

    text = f"{QUESTION}{TWO}{ENGLISH}\n"
    pieces = run(GuardedSession(Full({"q": [Line(text)]})), [make_ask()])["q"]
    assert join(pieces) == text
    assert kinds(pieces) == [("heading", "refused")]
    assert pieces[-1].finish == "length"


def test_what_came_with_the_end_is_not_lost_where_the_repair_is_refused() -> None:
    class Late(ScriptedSession):
        def step(self) -> list[Piece]:
            refusal = Refusal(id="q", reason="rejected-by-server", detail="")
            begun = any(ask.prefix for ask in self.asked)
            return [Piece(id="q", text="", refusal=refusal)] if begun else super().step()

    text = f"{QUESTION}{TWO}{ENGLISH}"
    session = Late({"q": [Line(text, finish="loop")]})
    pieces = run(GuardedSession(session), [make_ask()])["q"]
    assert join(pieces) == text
    assert [repair.outcome for repair in pieces[-1].repairs] == ["refused"]
    assert pieces[-1].finish == "length"


def test_giving_up_and_failing_leave_nothing_behind() -> None:
    inner = ScriptedSession({"q": [Line(QUESTION), Line(WHOLE)], "r": [Line(WHOLE)]})
    session = GuardedSession(inner)
    session.join(make_ask("q"))
    while not session._again:
        session.step()
    session.leave("q")
    assert session.step() == []
    assert isinstance(session.join(make_ask("r")), int)
    session.leave("r")
    assert (session._watches, session._again, session._pending) == ({}, {}, {})
    session.close()


@pytest.mark.parametrize("template", ["direct", ""])
def test_without_labels_nothing_is_watched(template: str) -> None:
    session = GuardedSession(ScriptedSession({"q": [Line(ENGLISH)]}))
    assert join(run(session, [make_ask(template=template)])["q"]) == ENGLISH


SNIPPETS = st.sampled_from(
    [
        ONE,
        TWO,
        THREE,
        ENGLISH,
        TARGET,
        LOOP,
        " ",
        "\n\n",
        "a",
        "| | |",
        "Response in Galician: x",
        "Response in",
        "12",
        "سلام",
    ]
)
LINES = st.builds(
    Line, st.lists(SNIPPETS, max_size=6).map("".join), st.sampled_from(["stop", "length", "loop", "label"])
)


def cut_at_random(seed: int) -> Callable[[str], list[str]]:
    chance = random.Random(seed)

    def cut(text: str) -> list[str]:
        places = sorted({0, len(text), *(chance.randrange(len(text) + 1) for _ in range(len(text) // 4))})
        return [text[start:end] for start, end in itertools.pairwise(places)]

    return cut


@given(
    lines=st.lists(LINES, min_size=1, max_size=5),
    seed=st.integers(0, 2**16),
    budget=st.none() | st.integers(1, 60),
    tokens=st.integers(1, 300),
)
@settings(deadline=None, max_examples=80)
def test_whatever_a_model_writes_the_raw_text_can_be_had_again(
    lines: list[Line], seed: int, budget: int | None, tokens: int
) -> None:
    guard = GuardOptions(budget=BudgetOptions(response_en=budget, response=budget))
    session = ScriptedSession({"q": lines}, cut=cut_at_random(seed))
    pieces = run(GuardedSession(session), [make_ask(guard=guard, tokens=tokens)])["q"]
    repairs = pieces[-1].repairs
    raw = undo_repairs(join(pieces), repairs)
    assert lines[0].text.startswith(raw)  # the model was stopped early where a repair was needed early
    if not repairs:
        assert raw == "".join(cut_at_random(seed)(lines[0].text)[:tokens])
    assert len(repairs) <= 8
    assert sum(piece.finish is not None for piece in pieces) == 1
    assert all(ask.limits.max_new_tokens >= 1 for ask in session.asked)


@given(st.lists(st.sampled_from("abcd"), max_size=80))
def test_a_run_that_is_there_twice_is_really_there_twice(tokens: list[str]) -> None:
    watch = RepeatWatch()
    for count, token in enumerate(tokens, start=1):
        if watch.push(token):
            said, period = tokens[:count], watch.period
            assert said[-watch.run :] == said[-watch.run - period : -period]
            assert watch.run >= period
