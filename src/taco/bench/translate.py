r"""Texts through one engine, in two ways: as they stand, and as the translate stage does it.

The raw answer is what one gets who hands the engine each line of a text as it stands. The output is what taco makes of the
same engine: segments, spans in slots, the ladder of `taco.translate.repair`, checks. Texts that are one line of plain prose
are the same request in both ways; the raw answer is asked for only where a text has something to break.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taco.bench.metering import WindowMeter
from taco.translate.check import check_text
from taco.translate.engine import Translation
from taco.translate.repair import Outcome, Send, translate_proses
from taco.translate.segment import Fixed, Node, Prose, join_nodes, split_text
from taco.translate.slots import SLOT, has_words

WINDOW_TEXTS = 500
"""Texts of one request, and so the step of the progress bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What an engine made of one text.

    Attributes:
        text: The translation; "" where there is none.
        fault: Why there is none, a fixed phrase such as "engine-refused"; "" where there is one.
        detail: What was found, for a reader.
        words, unknown_words: Words of the source, and how many of them the engine said it does not know.
        is_repaired: Whether it needed more than the first step of the ladder.
        raw: The raw answer; None where the text has no structure that could break.
        raw_fault: What is wrong with the structure of the raw answer; "" where nothing is.
    """

    text: str
    fault: str = ""
    detail: str = ""
    words: int = 0
    unknown_words: int = 0
    is_repaired: bool = False
    raw: str | None = None
    raw_fault: str = ""


def translate_texts(texts: Sequence[str], *, keeps_slots: bool, send: Send, meter: WindowMeter) -> list[Output]:
    """Translate texts; one output for each, in order.

    Raises:
        EngineError: The engine cannot go on. What it translated before is in the memory.
    """
    outputs: list[Output] = []
    for start in range(0, len(texts), WINDOW_TEXTS):
        window = texts[start : start + WINDOW_TEXTS]
        meter.open_window(len(window))
        outputs += _translate_window(window, keeps_slots=keeps_slots, send=send)
        meter.close_window()
    return outputs


def copy_texts(texts: Sequence[str]) -> list[Output]:
    """Return the outputs of the baseline, which says every text back."""
    return [Output(text=text) for text in texts]


def has_structure(text: str) -> bool:
    r"""Whether a text has anything to break: several lines, a list mark, code, a span or a number.

    >>> has_structure("The sky is blue."), has_structure("- blue"), has_structure("It costs $5."), has_structure("a b\nc d")
    (False, True, True, True)
    """
    nodes = split_text(text)
    return len(nodes) != 1 or isinstance(nodes[0], Fixed) or bool(nodes[0].spans)


def _translate_window(texts: Sequence[str], *, keeps_slots: bool, send: Send) -> list[Output]:
    nodes = [split_text(text) for text in texts]
    proses = dict.fromkeys(node for parts in nodes for node in parts if isinstance(node, Prose))
    outcomes = translate_proses(proses, keeps_slots=keeps_slots, send=send)
    structured = {text for text in texts if has_structure(text)}
    lines = dict.fromkeys(line.strip() for text in texts if text in structured for line in text.split("\n"))
    raw = send([line for line in lines if _can_be_sent(line)])
    outputs = []
    for text, parts in zip(texts, nodes, strict=True):
        answer = _join_raw(text, raw) if text in structured else None
        outputs.append(_assemble(text, parts, outcomes, raw=answer))
    return outputs


def _can_be_sent(line: str) -> bool:
    """Whether a line may go to an engine as it is: it has words, and no character that engines take for a slot."""
    return has_words(line) and not SLOT.search(line)


def _join_raw(text: str, answers: Mapping[str, Translation]) -> str:
    """Put the answers for a text's lines together, each with the white space that its line has around it."""
    joined = []
    for line in text.split("\n"):
        stripped = line.strip()
        lead = len(line) - len(line.lstrip())
        middle = answers[stripped].text if stripped in answers else stripped
        joined.append(line[:lead] + middle + line[lead + len(stripped) :])
    return "\n".join(joined)


def _assemble(text: str, nodes: tuple[Node, ...], outcomes: Mapping[Prose, Outcome], *, raw: str | None) -> Output:
    found = [outcomes[node] for node in nodes if isinstance(node, Prose)]
    fault, detail = next(((outcome.fault, outcome.detail) for outcome in found if outcome.fault), ("", ""))
    translated = ""
    if not fault:
        translated = join_nodes(nodes, lambda prose: outcomes[prose].text)
        fault, detail = check_text(text, translated)
    return Output(
        text="" if fault else translated,
        fault=fault,
        detail=detail,
        words=sum(outcome.words for outcome in found),
        unknown_words=sum(outcome.unknown_words for outcome in found),
        is_repaired=any(outcome.steps > 1 for outcome in found),
        raw=raw,
        raw_fault="" if raw is None else _find_raw_fault(text, nodes, raw),
    )


def _find_raw_fault(text: str, nodes: tuple[Node, ...], raw: str) -> str:
    """Say what is wrong with the structure of a raw answer; the checks of the stage rely on code never being sent."""
    fault, _ = check_text(text, raw)
    if fault:
        return fault
    blocks = (node.text.strip() for node in nodes if isinstance(node, Fixed) and has_words(node.text))
    return "block-changed" if any(block not in raw for block in blocks) else ""
