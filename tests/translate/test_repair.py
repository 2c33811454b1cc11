"""The ladder: a lost mark costs a step, never a span."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from mangling import ManglingEngine, mangle, translate_one

from taco.records import Drop, TranslatedRow
from taco.translate.engine import Translation
from taco.translate.protect import find_fault
from taco.translate.repair import translate_proses
from taco.translate.segment import Prose, split_text
from taco.translate.slots import FORMAT_SLOT, SLOT, WORD_SLOT, make_slot

TEXT = "Run `ls -l` at 9:00 in ~/src now."
WORD, TAG = make_slot(0, is_word=True), make_slot(0, is_word=False)


def climb(text: str, spoil: Callable[[str], str], *, keeps_slots: bool = True) -> tuple[str, int, str, list[str]]:
    """Return the translation, the steps it took, its fault and all that was sent."""
    (prose,) = [node for node in split_text(text) if isinstance(node, Prose)]
    sent: list[str] = []

    def send(texts: Sequence[str]) -> Mapping[str, Translation]:
        sent.extend(texts)
        return {text: Translation(text=spoil(text), words=1) for text in texts}

    outcome = translate_proses([prose], keeps_slots=keeps_slots, send=send)[prose]
    return outcome.text, outcome.steps, outcome.fault, sent


def test_a_good_answer_needs_one_step() -> None:
    assert climb(TEXT, mangle)[:3] == ("Qqq `ls -l` qq 9:00 qq ~/src qqq.", 1, "")


def test_a_changed_number_is_hidden_at_the_second_step() -> None:
    text, steps, fault, sent = climb(TEXT, lambda text: text.replace("9:00", "as nove"))
    assert (text, steps, fault) == (TEXT, 2, "")
    assert "9:00" in sent[0]
    assert "9:00" not in sent[1]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: SLOT.sub("", text),
        lambda text: WORD_SLOT.sub("x", text),
        lambda text: "".join(reversed(text)),
        lambda text: SLOT.sub(lambda slot: slot[0] * 2, text),
        lambda text: text + WORD if SLOT.search(text) else text,
    ],
    ids=["lost", "replaced", "reordered", "doubled", "made-up"],
)
def test_a_spoilt_slot_ends_in_cutting(spoil: Callable[[str], str]) -> None:
    text, _, fault, sent = climb(TEXT, spoil)
    assert fault == ""
    assert "`ls -l`" in text and "~/src" in text and "9:00" in text
    assert not any(SLOT.search(piece) for piece in sent[-4:])


def test_an_engine_without_slots_is_never_sent_one() -> None:
    text, _, fault, sent = climb(TEXT, mangle, keeps_slots=False)
    assert (text, fault) == ("Qqq `ls -l` qq 9:00 qq ~/src qqq.", "")
    assert not any(SLOT.search(piece) for piece in sent)


def test_nothing_is_asked_twice() -> None:
    sent = climb("no span here", lambda text: "")[3]
    assert sent == ["no span here"]


@pytest.mark.parametrize(
    ("spoil", "reason"), [(lambda text: "", "empty-translation"), (lambda text: text + " 77", "number-changed")]
)
def test_what_no_step_saves_keeps_its_row_out_with_a_reason(spoil: Callable[[str], str], reason: str) -> None:
    dropped = translate_one(ManglingEngine(spoil=spoil), TEXT)
    assert isinstance(dropped, Drop)
    assert (dropped.stage, dropped.reason) == ("translate", reason)
    assert dropped.detail


def test_a_refusal_keeps_its_row_out() -> None:
    class Refusing(ManglingEngine):
        def translate(self, texts: Sequence[str]) -> list[Translation]:
            return [Translation(text="", words=0, refusal="not this one") for _ in texts]

    dropped = translate_one(Refusing(), TEXT)
    assert isinstance(dropped, Drop)
    assert dropped.reason == "engine-refused"
    assert "not this one" in dropped.detail


def test_a_row_is_kept_when_cutting_saves_it() -> None:
    row = translate_one(
        ManglingEngine(spoil=lambda text: SLOT.sub("", text)), "See <b>this</b> `code` and **that** one."
    )
    assert isinstance(row, TranslatedRow)
    assert row.response == "Qqq <b>qqqq</b> `code` qqq **qqqq** qqq."


@pytest.mark.parametrize(
    ("sent", "answer", "fault"),
    [
        (f"a {WORD} b", f"x {WORD} y", ""),
        (f"a {WORD} b", "x y", "span-lost"),
        (f"a {WORD} b", f"x {WORD}{WORD} y", "span-lost"),
        (f"aa {TAG}bb{TAG} cc", f"xx yy{TAG}{TAG} zz", "span-lost"),
        ("aa bb", " ", "empty-translation"),
        ("aa 5", "xx", "number-changed"),
    ],
)
def test_faults(sent: str, answer: str, fault: str) -> None:
    assert find_fault(sent, answer) == fault
    assert FORMAT_SLOT.fullmatch(TAG)
