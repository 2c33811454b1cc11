"""What travels between stages: frozen records and their JSON form, and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from taco.errors import DataError, list_faults

RecordT = TypeVar("RecordT")

ARMS = ("base", "tuned")
"""The systems that `generate` lets answer: the base model alone, and with the adapter."""

Finish = Literal["stop", "length", "loop", "label"]
"""Why a generation ended: the model's own end token, the token limit, or the repetition guard, which ends loops and
answers that begin a section anew after the last one ("label")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One English instruction with its response, as it leaves `source`.

    Attributes:
        id: 16 hex digits of the SHA-256 of the normalised text, as it was before its response was shortened; equal rows
            have equal ids.
        instruction: What is asked, in English.
        input: The text that the instruction works on; empty where there is none.
        response: The answer, in English.
        category: The row's category, or "" where the source names none.
        origin: "file:line" (or "hub id:index") that the row was read from, for messages.
        hostile: Class of a row that translation would spoil, see `taco.source.hygiene`; "" for all others.
        keep: Texts that stay in English wherever they stand in the row, longest first.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    instruction: str
    input: str
    response: str
    category: str = ""
    origin: str = ""
    hostile: str = ""
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedRow:
    """A row and its translation, as it leaves `translate`.

    Attributes:
        id: The id of the English row.
        language: BCP-47 code of the target language.
        words: Number of words in the three English texts.
        unknown_words: Number of words that the engine said it does not know.
        engine: Signature of the engine that translated the row; of all that did, joined by " + ".
        segments: Number of stretches of prose that were translated.
        segments_paid: How many of them this run sent to an engine; the others were in the memory before.
        hostile: Class of a row that translation might spoil, see `Row`.
        keep: Texts that stayed in English, see `Row`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    language: str
    category: str
    instruction_en: str
    input_en: str
    response_en: str
    instruction: str
    input: str
    response: str
    words: int
    unknown_words: int
    engine: str
    segments: int = 0
    segments_paid: int = 0
    hostile: str = ""
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the quality gate measured on a translated row, whether it kept the row or not.

    All but numbers_kept and unknown_rate are of prose: without protected spans, and without texts that stay in English.

    Attributes:
        id: The id of the English row.
        language_share: Probability that the identifier gives the target language, among it, English and its relatives;
            None where the identifier does not know it or there is too little to judge.
        language: The most probable of them, "" where there is too little to judge.
        script_share: Share of the letters that are in the target's script; None where there are no letters.
        length_ratio: Characters of the translation / characters of the English texts; 1 where neither has any.
        copy_rate: Share of the translation's words that stand in the English texts too, names left out; of the whole row,
            or of one of its three texts that is long enough to judge and has a higher one.
        repetition: Share of the translation's word 4-grams that repeat an earlier one, less that of the English texts,
            from -1 to 1. In scripts without spaces, 8 letters stand for 4 words.
        numbers_kept: Share of the English texts' numbers that stand in the translation, digits of its script known.
        entities_kept: Share of the English texts' names (capitalised words inside sentences) whose stems do; None
            without any, and where the target's script is not Latin.
        unknown_rate: Share of the words that the engine did not know.
        round_trip: chrF++ of the translation's back-translation against the English texts, 0 to 100; None if not asked.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    language_share: float | None
    language: str
    script_share: float | None
    length_ratio: float
    copy_rate: float
    repetition: float
    numbers_kept: float
    entities_kept: float | None
    unknown_rate: float
    round_trip: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The sections that an answer consists of; "" for those that the template does not have.

    Attributes:
        instruction_en: The instruction in English.
        response_en: The response in English.
        response: The response in the target language.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    instruction_en: str
    response_en: str
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A prompt and the completion to learn, as it leaves `chain`.

    Attributes:
        id: The id of the English row; where a format makes several examples of a row, with ":" and the name of the part
            behind it.
        language: BCP-47 code of the target language.
        template: Name of the chain template that made the completion.
        system: The system message.
        prompt: The user's message: instruction, and input where there is one, in the target language; of a template that
            translates another text, that text.
        completion: The rendered chain, without any end token.
        chain: The sections that the completion was rendered from.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    language: str
    category: str
    template: str
    system: str
    prompt: str
    completion: str
    chain: Chain

    @property
    def row_id(self) -> str:
        """The id of the English row."""
        return self.id.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionUse:
    """What one section of an answer cost.

    Attributes:
        name: "instruction_en", "response_en", "response", or "other" for labels and text outside sections.
        tokens: Number of generated tokens.
        seconds: Wall-clock time of the decoding steps that made them. Rows of a batch share each step's time.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    tokens: int
    seconds: float


RepairKind = Literal["heading", "loop", "budget", "language"]
"""What a repair was for: a missing heading, a loop, a section with more tokens than it may have, another language."""

RepairOutcome = Literal["continued", "retried", "closed", "kept", "refused"]
"""What a repair did: went on behind a heading; went on in another way; ended the text; kept the first try, as the second
was no better; nothing, as the backend refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One repair of an answer: from character `start` on, `removed` became `added`.

    Attributes:
        section: The section that was at fault, "" outside of sections.
        start: Where, in characters of the text as it was before this repair.
        removed, added: All that followed there before, and after.
        found: What was found, for a reader.
        finish: Why generation ended after it.
        tokens, seconds: What it took.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: RepairKind
    section: str
    start: int
    removed: str
    added: str
    found: str
    outcome: RepairOutcome
    finish: Finish
    tokens: int = 0
    seconds: float = 0.0


def apply_repairs(text: str, repairs: Sequence[Repair]) -> str:
    """Return a text with repairs, the first one first.

    >>> cut = Repair(kind="loop", section="", start=1, removed="bb", added="c", found="", outcome="retried", finish="stop")
    >>> apply_repairs("abb", [cut]), undo_repairs("ac", [cut])
    ('ac', 'abb')
    """
    for repair in repairs:
        text = text[: repair.start] + repair.added
    return text


def undo_repairs(text: str, repairs: Sequence[Repair]) -> str:
    """Return the text that repairs were made on."""
    for repair in reversed(repairs):
        text = text[: repair.start] + repair.removed
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePart:
    """A stretch of an answer that a translation engine wrote instead of the model, labels included.

    Attributes:
        start, end: [start, end) in characters of the answer's text.
        engine: Signature of the engine.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    start: int
    end: int
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One generated answer, as it leaves `generate`.

    Attributes:
        id: The id of the English row that asked.
        arm: Which system answered: "base" or "tuned".
        text: The raw generated text, end token removed; where a translation engine did a step, with its parts.
        finish: Why generation ended.
        state: The parser's state of the chain, see `taco.chain.parse.State`.
        tokens: Number of generated tokens, the end token included.
        seconds: Wall-clock time of the decoding steps that made them.
        sections: Tokens and seconds for each section.
        lead_outs: Times that the loop guard led the answer out of a loop by forbidding the token that went on with it.
        engine_parts: The parts of `text` that the model did not write; without them it is what the model wrote.
        repairs: What the chain guard did; `text` and all other figures are of the answer before that.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    arm: str
    prompt: str
    text: str
    finish: Finish
    state: str
    tokens: int
    seconds: float
    sections: tuple[SectionUse, ...] = ()
    lead_outs: int = 0
    engine_parts: tuple[EnginePart, ...] = ()
    repairs: tuple[Repair, ...] = ()

    @property
    def repaired(self) -> str:
        """The text with all repairs."""
        return apply_repairs(self.text, self.repairs)

    @property
    def repaired_finish(self) -> Finish:
        """Why generation ended, repairs included."""
        return self.repairs[-1].finish if self.repairs else self.finish


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A row that a stage did not pass on, and why.

    Attributes:
        id: The row's id, or "" where it has none yet.
        stage: Name of the stage that dropped it.
        reason: A short, fixed phrase with hyphens, such as "too-long"; drops are counted by it.
        detail: What was found, for a reader.
        origin: "file:line" of the row, where known.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    stage: str
    reason: str
    detail: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCount:
    """What a stage did with its rows. `pipeline` refuses a stage whose count does not balance.

    Attributes:
        rows_in: Number of rows read.
        rows_kept: Number of rows passed on.
        dropped: Reason -> number of rows dropped for it.
        counters: Further figures for the manifest, such as "segments" or "characters_sent".
    """

    rows_in: int
    rows_kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    counters: Mapping[str, int | float | str] = field(default_factory=dict)

    def is_balanced(self) -> bool:
        """Whether every row read was either kept or dropped with a reason.

        >>> StageCount(rows_in=3, rows_kept=2, dropped={"too-long": 1}).is_balanced()
        True
        """
        return self.rows_in == self.rows_kept + sum(self.dropped.values())


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def to_json(record: Any) -> str:
    """Render a record as one line of JSON, characters beyond ASCII as they are.

    Raises:
        DataError: A text holds a lone surrogate, which no UTF-8 file can hold.
    """
    try:
        text: str = _adapter(type(record)).dump_json(record).decode()
    except (UnicodeEncodeError, ValueError) as error:
        raise DataError(f"A {type(record).__name__} cannot be written as UTF-8: {error}") from error
    return text


def from_json(kind: type[RecordT], line: str | bytes, *, origin: str = "") -> RecordT:
    """Read a record from one line of JSON, unknown and missing fields refused.

    Args:
        kind: The record's class.
        line: The JSON text.
        origin: "file:line", for the message.

    Raises:
        DataError: The line is no JSON, or does not fit the record.

    >>> from_json(Chain, '{"instruction_en": "a", "response_en": "b", "response": "c"}').response
    'c'
    """
    try:
        record: RecordT = _adapter(kind).validate_json(line)
    except ValidationError as error:
        fault = list_faults(error, whole="the line")[0]
        expected = ", ".join(f.name for f in dataclasses.fields(kind))  # type: ignore[arg-type]
        raise DataError(
            f"{origin or 'A line'} is no {kind.__name__}: {fault}; expected the fields {expected}."
        ) from error
    return record
