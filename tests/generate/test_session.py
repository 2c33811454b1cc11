"""Answers of a session are those of the backend, whoever joins and leaves in between."""

from __future__ import annotations

import json
import platform
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch", reason="needs the extra [train]")

from given_back import measure_after
from taco.chain.formats import find_template
from taco.errors import ModelError
from taco.generate.backend import Limits, Prompt, Refusal, Setup
from taco.generate.detokenise import TextStream, decode_text
from taco.generate.options import TransformersOptions
from taco.generate.session import Ask, Piece, Sampling, SessionSetup
from taco.generate.transformers import TransformersBackend
from taco.generate.transformers_session import TransformersSession
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.progress import SilentProgress

GALICIAN = find_language("gl")
TEXTS = ("Hello", "O ceo é azul e o mar tamén, e a herba é verde", "1 2 3", "नेपालको राजधानी कहाँ छ?", "a")
LIMITS = Limits(max_new_tokens=40, loop_guard=True, lead_outs=1)


def make_ask(number: int, *, adapter: str = "a", sampling: Sampling = Sampling(), tokens: int = 40) -> Ask:  # noqa: B008
    return Ask(
        id=str(number),
        adapter=adapter,
        system="Answer.",
        turns=[("user", TEXTS[number % len(TEXTS)])],
        template="taco",
        language=GALICIAN,
        limits=Limits(max_new_tokens=tokens, loop_guard=True, lead_outs=1),
        sampling=sampling,
    )


def open_session(base: Path, adapters: dict[str, Path], **options: int) -> TransformersSession:
    setup = SessionSetup(
        model=ModelOptions(base=str(base)), adapters=adapters, cache=base.parent, progress=SilentProgress()
    )
    return TransformersSession(TransformersOptions(**options), setup=setup)


@pytest.fixture(scope="module")
def session(tiny_base: Path, tiny_adapter: Path) -> TransformersSession:
    return open_session(tiny_base, {"a": tiny_adapter})


@pytest.fixture(scope="module")
def alone(tiny_base: Path, tiny_adapter: Path) -> dict[str, str]:
    setup = Setup(
        model=ModelOptions(base=str(tiny_base)), adapter=tiny_adapter, cache=tiny_base.parent, progress=SilentProgress()
    )
    backend = TransformersBackend(TransformersOptions(), setup=setup)
    prompts = [
        Prompt(id=str(number), system="Answer.", text=text, template="taco", language=GALICIAN)
        for number, text in enumerate(TEXTS)
    ]
    found = {}
    for prompt in prompts:
        for one in backend.generate([prompt], arm="tuned", limits=LIMITS, on_tokens=lambda count: None):
            assert not isinstance(one, Refusal)
            found[one.id] = one.text
    return found


def run_out(session: TransformersSession, pieces: list[Piece] | None = None) -> dict[str, str]:
    texts: dict[str, str] = {}
    found = list(pieces or [])
    while new := session.step():
        found += new
    for piece in found:
        texts[piece.id] = texts.get(piece.id, "") + piece.text
    return texts


def test_rows_that_join_at_any_step_get_what_they_would_alone(
    session: TransformersSession, alone: dict[str, str]
) -> None:
    pieces: list[Piece] = []
    for number in range(len(TEXTS)):
        assert isinstance(session.join(make_ask(number)), int)
        for _ in range(number * 2):
            pieces += session.step()
    assert run_out(session, pieces) == alone
    assert len(set(alone.values())) == len(TEXTS)


def test_a_row_that_leaves_does_not_change_the_others(session: TransformersSession, alone: dict[str, str]) -> None:
    for number in range(len(TEXTS)):
        session.join(make_ask(number))
    pieces = [*session.step(), *session.step()]
    session.leave("1")
    texts = run_out(session, pieces)
    assert {key: text for key, text in texts.items() if key != "1"} == {
        key: text for key, text in alone.items() if key != "1"
    }
    assert alone["1"].startswith(texts["1"])
    assert session.step() == []


def test_chance_hangs_on_the_seed_alone(session: TransformersSession, alone: dict[str, str]) -> None:
    lively = [Sampling(temperature=1.5, top_p=0.9, seed=seed) for seed in (1, 2)]
    texts = []
    for sampling in (*lively, *lively):
        session.join(make_ask(0, sampling=sampling))
        texts.append(run_out(session)["0"])
    assert texts[:2] == texts[2:]
    assert len({*texts, alone["0"]}) == 3


def test_several_adapters_answer_side_by_side(tiny_base: Path, tiny_adapter: Path, alone: dict[str, str]) -> None:
    both = open_session(tiny_base, {"a": tiny_adapter, "b.c": tiny_adapter})
    both.join(make_ask(0, adapter="a"))
    pieces = both.step()
    both.join(make_ask(1, adapter="b.c"))
    both.join(make_ask(2, adapter="a"))
    texts = run_out(both, pieces)
    assert texts == {key: alone[key] for key in "012"}


def test_a_full_session_lets_nobody_in_and_a_prompt_too_long_is_refused(tiny_base: Path, tiny_adapter: Path) -> None:
    small = open_session(tiny_base, {"a": tiny_adapter}, batch_size=1)
    assert isinstance(small.join(make_ask(0, tokens=2)), int)
    assert small.join(make_ask(1)) is None
    run_out(small)
    assert isinstance(small.join(make_ask(1, tokens=1)), int)
    long = Ask(
        id="x",
        adapter="a",
        turns=[("user", "é " * 3000)],
        template="taco",
        language=GALICIAN,
        limits=Limits(max_new_tokens=1, loop_guard=False),
    )
    refusal = small.join(long)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "prompt-too-long"


def test_a_place_that_was_given_up_is_free_at_once(tiny_base: Path, tiny_adapter: Path) -> None:
    small = open_session(tiny_base, {"a": tiny_adapter}, batch_size=1)
    small.join(make_ask(0))
    small.step()
    assert small.join(make_ask(1)) is None
    small.leave("0")
    assert isinstance(small.join(make_ask(1, tokens=2)), int)
    assert list(run_out(small)) == ["1"]


def test_a_step_that_fails_loses_its_answers_and_no_others(
    tiny_base: Path, tiny_adapter: Path, alone: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(tiny_base, {"a": tiny_adapter})
    for number in (0, 1):
        session.join(make_ask(number))
        session.step()
    with monkeypatch.context() as broken:
        broken.setattr(session._adapters.model.model.layers[1], "forward", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            session.step()
    for number in (0, 1):
        session.leave(str(number))
    session.join(make_ask(2))
    assert run_out(session) == {"2": alone["2"]}


def test_long_prompts_are_read_a_few_at_a_time(
    session: TransformersSession, alone: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taco.generate.transformers_session.READ_TOKENS", 1)
    for number in range(3):
        session.join(make_ask(number))
    steps = [session.step() for _ in range(3)]
    assert [len(pieces) for pieces in steps] == [1, 2, 3]
    assert run_out(session, [piece for pieces in steps for piece in pieces]) == {key: alone[key] for key in "012"}


def test_rows_of_a_model_with_a_window_are_batches_side_by_side(tiny_base: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_base, tmp_path / "window")
    settings_path = tmp_path / "window" / "config.json"
    config = json.loads(settings_path.read_text()) | {
        "model_type": "mistral",
        "architectures": ["MistralForCausalLM"],
        "sliding_window": 8,
    }
    settings_path.write_text(json.dumps(config))
    session = open_session(tmp_path / "window", {"a": tmp_path / "window"})
    pieces: list[Piece] = []
    for number in range(3):
        session.join(make_ask(number, tokens=12))
        pieces += [*session.step(), *session.step()]
    assert len(session._batches) == 3
    together = run_out(session, pieces)
    for number in range(3):
        session.join(make_ask(number, tokens=12))
        assert run_out(session) == {str(number): together[str(number)]}


def test_a_missing_adapter_is_named(tiny_base: Path) -> None:
    with pytest.raises(ModelError, match="There is no adapter"):
        open_session(tiny_base, {"a": tiny_base / "nowhere"})


def test_a_whole_model_is_served_alone(tiny_base: Path, tiny_adapter: Path) -> None:
    assert "adapter merged" in open_session(tiny_base, {"whole": tiny_base}).signature
    with pytest.raises(ModelError, match="whole model"):
        open_session(tiny_base, {"whole": tiny_base, "a": tiny_adapter})


def test_raw_text_goes_on_without_a_chat_template(session: TransformersSession) -> None:
    ask = Ask(
        id="raw",
        adapter="a",
        text="Hello",
        template="",
        language=GALICIAN,
        limits=Limits(max_new_tokens=3, loop_guard=False),
    )
    assert isinstance(session.join(ask), int)
    assert len(run_out(session)) == 1
    assert find_template("taco").has_labels


@settings(deadline=None, max_examples=60)
@given(text=st.text(max_size=40))
def test_streamed_text_is_the_text(session: TransformersSession, text: str) -> None:
    tokenizer = session._tokenizer
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    stream = TextStream(tokenizer)
    pieces = [stream.push(token) for token in tokens]
    assert "".join(pieces) + stream.flush() == decode_text(tokenizer, tokens)


OPEN = """
import os
from pathlib import Path
from taco.generate.options import TransformersOptions
from taco.generate.session import SessionSetup
from taco.generate.transformers_session import TransformersSession
from taco.model.options import ModelOptions
from taco.progress import SilentProgress

base, adapter = {base!r}, Path({adapter!r})
setup = SessionSetup(
    model=ModelOptions(base=base), adapters={{"a": adapter}}, cache=adapter.parent, progress=SilentProgress()
)
session = TransformersSession(TransformersOptions(), setup=setup)
assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "128"
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such limit")
def test_a_session_lets_memory_go(tiny_base: Path, tiny_adapter: Path) -> None:
    """What is in a process with one is given back when it is freed; see tests/model for what each setting does."""
    assert measure_after(OPEN.format(base=str(tiny_base), adapter=str(tiny_adapter))) > 250
