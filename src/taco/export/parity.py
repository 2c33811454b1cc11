"""Holding an export against taco's own model: the same prompts as token ids, and the same first tokens of the answers.

What is compared with is the base model in transformers, in 32 bits, the adapter merged: the model that a run's scores are
of. Its prompts are those of training. What an export makes of the same messages is asked of the export itself: its chat
template, its tokenizer, its engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from taco.errors import PublishError
from taco.export.folder import read_seal
from taco.export.tuned_run import TunedRun
from taco.model.base import resolve_base
from taco.model.prompt import count_common
from taco.progress import Progress

FIRST_TOKENS = 20
"""Tokens of each answer that are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One prompt as messages."""

    system: str
    prompt: str


class Speaker(Protocol):
    """A model that can be asked for prompts' ids and for the likeliest tokens after them."""

    name: str

    def encode(self, question: Question) -> list[int]:
        """Return the ids of a prompt."""

    def say(self, ids: Sequence[int], *, limit: int) -> list[int]:
        """Return the likeliest tokens after a prompt, the end token included where it comes."""

    def close(self) -> None:
        """Let go of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How far an export agrees.

    Attributes:
        form, weights: What was exported.
        engine: What it was run with.
        prompts: Number of prompts.
        same_ids: How many of them have the same token ids.
        same_text: How many answers have the same first tokens, asked with the same ids.
        tokens: Tokens compared at most, of each answer.
        agreement: Share of the compared tokens that come before the first difference.
        first_difference: Number of the first prompt whose ids differ; None for none.
    """

    form: str
    weights: str
    engine: str
    prompts: int
    same_ids: int
    same_text: int
    tokens: int
    agreement: float
    first_difference: int | None

    def as_record(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return asdict(self)


def measure_parity(run: TunedRun, folder: Path, *, prompts: int, cache: Path, progress: Progress) -> Parity:
    """Hold an export against transformers on held-out prompts.

    Args:
        run: The run that was exported.
        folder: The export.
        prompts: Number of prompts at most.
        cache: The cache folder.
        progress: Where to say how far it is.

    Raises:
        PublishError: The export has no model, or the run no held-out prompts.
        ModelError: A model cannot be loaded.
    """
    from taco.export.speakers import open_reference, open_speaker

    seal = read_seal(folder)
    questions = read_questions(run, prompts)
    base = resolve_base(run.recipe.model, cache=cache, progress=progress)
    is_tuned = seal.get("form") != "gguf-base"
    reference = open_reference(base, run.adapter if is_tuned else None)
    wanted = list(ask_speaker(reference, questions, None, progress))
    speaker = open_speaker(folder, seal, base=base, run=run, cache=cache)
    found = list(ask_speaker(speaker, questions, [ids for ids, _ in wanted], progress))
    return compare(wanted, found, form=str(seal["form"]), weights=str(seal["weights"]), engine=speaker.name)


def read_questions(run: TunedRun, prompts: int) -> list[Question]:
    """Return a run's held-out prompts, so many at most.

    Raises:
        PublishError: It has none.
    """
    examples = islice(run.read_examples("heldout"), prompts)
    questions = [Question(system=example.system, prompt=example.prompt) for example in examples]
    if not questions:
        raise PublishError(f"{run.root} has no held-out prompts.", hint="Set source.heldout and run the recipe again.")
    return questions


Asked = tuple[list[int], list[int]]
"""A prompt's ids, and the tokens that were said to it."""


def compare(wanted: Sequence[Asked], found: Sequence[Asked], *, form: str, weights: str, engine: str) -> Parity:
    """Compare what two models made of the same questions.

    >>> one, other = [([1, 2], [5, 6, 7])], [([1, 2], [5, 8, 7])]
    >>> parity = compare(one, other, form="gguf", weights="q8_0", engine="x")
    >>> parity.same_ids, parity.same_text, round(parity.agreement, 2)
    (1, 0, 0.33)
    """
    differing = [number for number, (one, other) in enumerate(zip(wanted, found, strict=True)) if one[0] != other[0]]
    agreed = [count_common(one[1], other[1]) for one, other in zip(wanted, found, strict=True)]
    compared = [max(len(one[1]), len(other[1])) for one, other in zip(wanted, found, strict=True)]
    return Parity(
        form=form,
        weights=weights,
        engine=engine,
        prompts=len(wanted),
        same_ids=len(wanted) - len(differing),
        same_text=sum(common == length for common, length in zip(agreed, compared, strict=True)),
        tokens=FIRST_TOKENS,
        agreement=sum(agreed) / max(1, sum(compared)),
        first_difference=differing[0] if differing else None,
    )


def ask_speaker(
    speaker: Speaker, questions: Sequence[Question], ids: Sequence[Sequence[int]] | None, progress: Progress
) -> Iterator[Asked]:
    """Yield what a model makes of each question; it answers to its own ids, or to those given."""
    try:
        with progress.task(f"Asking {speaker.name}", total=len(questions), unit="prompts") as task:
            for number, question in enumerate(questions):
                own = speaker.encode(question)
                yield own, speaker.say(own if ids is None else ids[number], limit=FIRST_TOKENS)
                task.advance()
    finally:
        speaker.close()
