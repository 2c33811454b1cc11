"""Answers that grow in threads come out as a session's do: one piece each, in order, none after they were given up."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.generate.growers import Grow, Growers, Outlet
from taco.generate.session import Piece


@pytest.fixture
def growers() -> Iterator[Growers]:
    made = Growers(2)
    yield made
    made.close(wait_s=10)


def spell(ask_id: str, text: str) -> Grow:
    def grow(outlet: Outlet) -> None:
        for place, letter in enumerate(text, start=1):
            if not outlet.give(Piece(id=ask_id, text=letter, finish="stop" if place == len(text) else None)):
                return

    return grow


def take_next(growers: Growers) -> list[Piece]:
    """Return the next pieces, however long the machine takes for them."""
    for _ in range(300):
        if pieces := growers.take():
            return pieces
    raise AssertionError("nothing came")


def take_all(growers: Growers) -> list[list[Piece]]:
    taken = []
    while growers._live:
        taken.append(take_next(growers))
    return taken


@settings(deadline=None, max_examples=30)
@given(texts=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=2))
def test_each_step_has_one_piece_of_an_answer_and_all_come_in_order(texts: list[str]) -> None:
    growers = Growers(2)
    for number, text in enumerate(texts):
        growers.start(str(number), spell(str(number), text))
    steps = take_all(growers)
    growers.close(wait_s=10)
    assert all(len({piece.id for piece in pieces}) == len(pieces) for pieces in steps)
    found = [
        "".join(piece.text for pieces in steps for piece in pieces if piece.id == str(n)) for n in range(len(texts))
    ]
    assert found == texts


def test_what_was_given_up_says_nothing_more_and_its_name_is_free(growers: Growers) -> None:
    waits, is_told, told = threading.Event(), threading.Event(), []

    def grow(outlet: Outlet) -> None:
        outlet.give(Piece(id="a", text="1"))
        is_told.set()
        waits.wait(10)
        told.append(outlet.give(Piece(id="a", text="2")))

    growers.start("a", grow)
    assert is_told.wait(10)
    growers.leave("a")
    growers.start("a", spell("a", "xy"))
    waits.set()
    assert [piece.text for pieces in take_all(growers) for piece in pieces] == ["x", "y"]
    growers.close(wait_s=10)
    assert told == [False]


def test_a_place_that_was_given_up_is_free_once_it_is_noticed(growers: Growers) -> None:
    lets_go = threading.Event()
    for name in "ab":
        growers.start(name, lambda outlet: lets_go.wait(10) and None)
    growers.leave("a")
    growers.leave("b")
    assert growers.take() == []
    assert not growers.has_place
    lets_go.set()
    while not growers.has_place:
        assert growers.take() == []
    growers.start("a", spell("a", "z"))
    assert [piece.text for piece in take_next(growers)] == ["z"]


def test_a_failure_comes_after_what_was_said_and_ends_all(growers: Growers) -> None:
    def fail(outlet: Outlet) -> None:
        outlet.give(Piece(id="a", text="1"))
        raise ZeroDivisionError

    growers.start("a", fail)
    assert [piece.text for piece in take_next(growers)] == ["1"]
    with pytest.raises(ZeroDivisionError):
        take_next(growers)
    assert growers.take() == []
    growers.start("a", spell("a", "z"))
    assert [piece.text for piece in take_next(growers)] == ["z"]


def test_nobody_is_waited_for_for_long(growers: Growers) -> None:
    lets_go = threading.Event()
    growers.start("a", lambda outlet: lets_go.wait(10) and None)
    assert growers.take() == []
    lets_go.set()
