"""A session with llama.cpp answers as transformers does, whoever joins and leaves in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra [train]")
pytest.importorskip("xllamacpp", reason="needs the extra [llamacpp]")

from jumbled_adapter import save_jumble
from taco.errors import ModelError
from taco.generate.backend import Limits, Refusal
from taco.generate.llamacpp_session import LlamaCppSession, Slots
from taco.generate.options import LlamaCppOptions, TransformersOptions
from taco.generate.session import GREEDY, Ask, Piece, Sampling, Session, SessionSetup
from taco.generate.transformers_session import TransformersSession
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.progress import SilentProgress

pytestmark = pytest.mark.slow

TEXTS = ("Hello", "O ceo é azul e o mar tamén", "1 2 3", "a", "Cales son as cores?")


def make_ask(number: int, *, adapter: str = "a", sampling: Sampling = GREEDY, tokens: int = 32, **more: Any) -> Ask:
    given: dict[str, Any] = {"system": "Answer.", "turns": [("user", TEXTS[number % len(TEXTS)])], "template": "taco"}
    return Ask(
        id=str(number),
        adapter=adapter,
        language=find_language("gl"),
        limits=Limits(max_new_tokens=tokens, loop_guard=True, lead_outs=1),
        sampling=sampling,
        **(given | more),
    )


def run_out(session: Session, *, wanted: set[str], pieces: list[Piece] | None = None) -> dict[str, str]:
    """Return the texts once all that are wanted are over."""
    texts: dict[str, str] = {}
    found, over = list(pieces or []), {piece.id for piece in pieces or [] if piece.finish}
    while not wanted <= over:
        new = session.step()
        found += new
        over |= {piece.id for piece in new if piece.finish}
    for piece in found:
        texts[piece.id] = texts.get(piece.id, "") + piece.text
    return texts


@pytest.fixture(scope="module")
def other_adapter(spm_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_jumble(spm_base, tmp_path_factory.mktemp("spm-other"), seed=7)


@pytest.fixture(scope="module")
def setup(
    spm_base: Path, spm_adapter: Path, other_adapter: Path, tmp_path_factory: pytest.TempPathFactory
) -> SessionSetup:
    return SessionSetup(
        model=ModelOptions(base=str(spm_base), threads=1),
        adapters={"a": spm_adapter, "b.c": other_adapter},
        cache=tmp_path_factory.mktemp("cache"),
        progress=SilentProgress(),
    )


@pytest.fixture(scope="module")
def session(setup: SessionSetup) -> Iterator[LlamaCppSession]:
    made = LlamaCppSession(LlamaCppOptions(weights="f32", context=256, batch_size=3), setup=setup)
    yield made
    made.close()


@pytest.fixture(scope="module")
def alone(setup: SessionSetup) -> dict[tuple[str, str], str]:
    """Return what transformers says, by adapter and id."""
    reference = TransformersSession(TransformersOptions(), setup=setup)
    found = {}
    for adapter in setup.adapters:
        for number in range(len(TEXTS)):
            reference.join(make_ask(number, adapter=adapter))
            found[adapter, str(number)] = run_out(reference, wanted={str(number)})[str(number)]
    return found


def test_answers_are_those_of_transformers_with_each_adapter(
    session: LlamaCppSession, alone: dict[tuple[str, str], str]
) -> None:
    assert alone["a", "0"] != alone["b.c", "0"]
    for numbers in ((0, 1, 2), (3, 4)):
        asks = [make_ask(number, adapter=("a", "b.c")[number % 2]) for number in numbers]
        pieces: list[Piece] = []
        for ask in asks:
            assert isinstance(session.join(ask), int)
            pieces += session.step()
        texts = run_out(session, wanted={ask.id for ask in asks}, pieces=pieces)
        assert texts == {ask.id: alone[ask.adapter, ask.id] for ask in asks}


def test_who_leaves_makes_room_and_changes_nobody(session: LlamaCppSession, alone: dict[tuple[str, str], str]) -> None:
    for number in range(3):
        session.join(make_ask(number))
    assert session.join(make_ask(3)) is None
    pieces = session.step()
    session.leave("1")
    while session.join(make_ask(3)) is None:
        pieces += session.step()
    texts = run_out(session, wanted={"0", "2", "3"}, pieces=pieces)
    assert {key: text for key, text in texts.items() if key != "1"} == {key: alone["a", key] for key in "023"}
    assert session.step() == []


def test_an_answer_goes_on_from_a_prefix(session: LlamaCppSession, setup: SessionSetup) -> None:
    reference = TransformersSession(TransformersOptions(), setup=setup)
    ask = make_ask(0, prefix="Instruction in English:\nHello")
    reference.join(ask)
    session.join(ask)
    assert run_out(session, wanted={"0"}) == run_out(reference, wanted={"0"})


def test_chance_hangs_on_the_seed_alone(session: LlamaCppSession, alone: dict[tuple[str, str], str]) -> None:
    lively = [Sampling(temperature=1.5, top_p=0.9, seed=seed) for seed in (1, 2)]
    texts = []
    for sampling in (*lively, *lively):
        session.join(make_ask(0, sampling=sampling))
        texts.append(run_out(session, wanted={"0"})["0"])
    assert texts[:2] == texts[2:]
    assert len({*texts, alone["a", "0"]}) == 3


def test_a_prompt_too_long_is_refused_and_raw_text_goes_on(session: LlamaCppSession) -> None:
    refusal = session.join(make_ask(0, turns=[("user", "é " * 3000)]))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "prompt-too-long"
    assert isinstance(session.join(make_ask(0, turns=(), text="Hello", template="", tokens=3)), int)
    assert list(run_out(session, wanted={"0"})) == ["0"]


def test_a_server_that_fails_loses_what_grows_and_no_others(
    session: LlamaCppSession, alone: dict[tuple[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(session._server, "_port", 9)
        session.join(make_ask(0))
        with pytest.raises(ModelError, match="gave no answer"):
            run_out(session, wanted={"0"})
    session.join(make_ask(1))
    assert run_out(session, wanted={"1"}) == {"1": alone["a", "1"]}


def test_a_whole_model_is_served_alone(
    spm_base: Path, spm_adapter: Path, tmp_path: Path, alone: dict[tuple[str, str], str]
) -> None:
    def open_with(**adapters: Path) -> LlamaCppSession:
        setup = SessionSetup(
            model=ModelOptions(base=str(spm_base), threads=1),
            adapters=adapters,
            cache=tmp_path,
            progress=SilentProgress(),
        )
        return LlamaCppSession(LlamaCppOptions(weights="f32", context=256, batch_size=1), setup=setup)

    with pytest.raises(ModelError, match="no plain LoRA"):
        open_with(whole=spm_base, a=spm_adapter)
    whole = open_with(whole=spm_base)
    whole.join(make_ask(0, adapter="whole"))
    assert run_out(whole, wanted={"0"})["0"] != alone["a", "0"]
    whole.close()


def test_a_conversation_comes_back_to_the_place_that_has_read_it() -> None:
    slots, system = Slots(3), [*range(100, 160)]

    def talk(adapter: str, *words: int) -> int:
        prompt = [*system, *words]
        number = slots.take(adapter, prompt)
        slots.give_back(number, adapter, prompt, range(500, 510))
        return number

    first, second = talk("a", 1, 2), talk("a", 3)
    assert first != second
    assert talk("a", 3, *range(500, 510), 4) == second
    assert talk("a", 1, 2, *range(500, 510), 5) == first
    third = talk("b", 1, 2, *range(500, 510), 5)
    assert third not in (first, second)
    assert talk("a", 9) == second
