"""The typed result of a bench, as it stands in results.json, and one line of segments.jsonl."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from taco.bench.options import Direction
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.unit import Better, Unit
from taco.store.files import write_atomically

SCHEMA = 1
"""Version of the form of results.json."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measure(_Model):
    """One measure of the outputs.

    Attributes:
        name: Key in `EngineResult.scores`: "chrf", "bleu", "ter".
        signature: sacrebleu's own.
    """

    name: str
    unit: Unit
    better: Better
    signature: str


class Speed(_Model):
    """How fast an engine answered.

    Attributes:
        texts, characters: What was sent in the calls that were timed.
        seconds: For how long at least one of them was under way.
        texts_per_second, characters_per_second: The same as rates.
        ended_at: When the last of them ended, UTC.
    """

    texts: int
    characters: int
    seconds: float
    texts_per_second: float
    characters_per_second: float
    ended_at: str


class Cost(_Model):
    """What an engine charges.

    Attributes:
        usd_per_million_characters: By its price list.
        source: Where that is from; "" for engines that cost nothing.
        file_usd: Price list times the characters of all texts of the file in this language, drawn or not.
        spent_usd: What this run spent.
    """

    usd_per_million_characters: float
    source: str
    file_usd: float
    spent_usd: float


class Structure(_Model):
    """Texts whose protected spans, numbers, lines and code came out as they went in.

    Attributes:
        texts: Number of texts that have any of these.
        raw: Their share, where each line is given to the engine as it stands.
        repaired: Their share after taco's segments, slots and repair ladder; the others have no translation.
    """

    texts: int
    raw: Estimate
    repaired: Estimate


class EngineResult(_Model):
    """What one engine did with one language.

    Attributes:
        label: What its row is called; "copy" is the baseline.
        engine: Its name in the registry.
        signature: All that decides its translations; "" where it could not be opened.
        failure: Why it has no scores; "" where it has.
        scores: Measure -> score over all texts; one without a translation counts as an empty one.
        faults: Reason -> number of texts without a translation.
        repaired: Number of texts that needed more than the first step of the ladder.
        requests: Number of different texts that were asked for: stretches of prose, lines, and steps of the ladder.
        fresh: How many of them this run sent to the engine; the memory had the others.
        words, unknown_words: Words of the texts, and how many of them the engine said it does not know.
    """

    label: str
    engine: str
    signature: str = ""
    failure: str = ""
    scores: dict[str, Estimate] = {}
    faults: dict[str, int] = {}
    repaired: int = 0
    requests: int = 0
    fresh: int = 0
    words: int = 0
    unknown_words: int = 0
    structure: Structure | None = None
    speed: Speed | None = None
    cost: Cost | None = None


class Comparison(_Model):
    """Two engines on the same texts, by one measure.

    Attributes:
        difference: Score of the second minus score of the first, with a paired interval.
        p_value: See `taco.evaluate.comparison.estimate_p_value`; not corrected for the number of comparisons.
    """

    first: str
    second: str
    measure: str
    difference: Estimate
    p_value: float | None


class LanguageResult(_Model):
    """What all engines did with one language.

    Attributes:
        language, name: Code and English name.
        texts: Number of texts that were translated.
        characters: Their length.
        file_texts, file_characters: The same of all texts of the file in this language.
        measures: What the outputs were measured with, in the order in which it is shown.
        note: Which measures are left out or changed for this language, and why; "" where none are.
        engines: In the order in which they were asked, the baseline last.
        comparisons: Each pair of engines that have scores, by each measure.
    """

    language: str
    name: str
    texts: int
    characters: int
    file_texts: int
    file_characters: int
    measures: tuple[Measure, ...]
    note: str
    engines: tuple[EngineResult, ...]
    comparisons: tuple[Comparison, ...]


class Results(_Model):
    """The result of a bench.

    Attributes:
        created_at: When it ended, UTC.
        versions: Package or tool -> version.
        inputs: Name of each file -> SHA-256.
        signatures: What made intervals and p-values.
        is_fresh: Whether the memory was left unread.
    """

    schema_version: int = SCHEMA
    created_at: str
    versions: dict[str, str]
    inputs: dict[str, str]
    direction: Direction
    limit: int | None
    seed: int
    is_fresh: bool
    bootstrap: Bootstrap
    signatures: dict[str, str]
    languages: tuple[LanguageResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentOutput:
    """What one engine made of one text; see `taco.bench.translate.Output`.

    Attributes:
        chrf: chrF++ of the output alone, to sort by; it does not average to the corpus' score.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    text: str
    chrf: float
    fault: str
    detail: str
    words: int
    unknown_words: int
    raw: str | None
    raw_fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One text with what all engines made of it, side by side, for reading.

    Attributes:
        origin: "file:line".
        outputs: Label of the engine -> what it made.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    language: str
    origin: str
    source: str
    reference: str
    outputs: dict[str, SegmentOutput]


def write_results(path: Path, results: Results) -> None:
    """Write results, all or nothing."""
    write_atomically(path, [results.model_dump_json(indent=1).encode(), b"\n"])
