"""Where prompts come from: taco's own files, or FastChat's judge_prompts.jsonl where the user has one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from taco.errors import DataError
from taco.evaluate.benchmark.read import read_existing_rows
from taco.evaluate.files.rows import Row
from taco.evaluate.judge.prompt import (
    Form,
    JudgePrompt,
    Kind,
    Scale,
    describe_prompt,
    make_pair_prompt,
    make_single_prompt,
)
from taco.evaluate.judge.submission import Submission

FASTCHAT_NAMES: Mapping[Kind, str] = {"single": "single-v1", "reference": "single-math-v1", "pair": "pair-v2"}
FASTCHAT_PAIR_REFERENCE = "pair-math-v1"
FASTCHAT_TURNS = "-multi-turn"
"""What FastChat's prompts for second turns have behind their names."""

FASTCHAT_SCALE = Scale(1.0, 10.0)
"""What FastChat's prompts ask for (fastchat/llm_judge/data/judge_prompts.jsonl)."""

_FIELD = re.compile(r"\{((?:question|answer|answer_a|answer_b)(?:_[12])?|ref_answer_[12])\}")


class PromptBook(Protocol):
    """Makes the prompts of one judge."""

    @property
    def signature(self) -> str:
        """Names and digests of its prompts."""

    def make_single(self, submission: Submission) -> JudgePrompt:
        """Return the prompt that asks for one answer's rating."""

    def make_pair(self, first: Submission, second: Submission) -> JudgePrompt:
        """Return the prompt that asks which of two answers is better; the first is A."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrompts:
    """taco's prompts.

    Attributes:
        is_rubric: Whether answers are graded on several axes.
        form: What the judge is asked to write.
        scale: The ends of a rating.
        reference_categories: Categories whose answers are held against their references.
    """

    is_rubric: bool
    form: Form
    scale: Scale
    reference_categories: Collection[str]

    @property
    def signature(self) -> str:
        kinds: tuple[Kind, ...] = ("rubric", "pair") if self.is_rubric else ("single", "reference", "pair")
        names = [*kinds, *(f"{kind}-turns" for kind in kinds)]
        return f"taco {self.form} {self.scale.lowest:g}-{self.scale.highest:g} {', '.join(map(describe_prompt, names))}"

    def make_single(self, submission: Submission) -> JudgePrompt:
        submission = _choose_reference(submission, self.reference_categories)
        kind: Kind = "rubric" if self.is_rubric else "reference" if submission.reference else "single"
        return make_single_prompt(submission, kind=kind, form=self.form, scale=self.scale)

    def make_pair(self, first: Submission, second: Submission) -> JudgePrompt:
        first = _choose_reference(first, self.reference_categories)
        return make_pair_prompt(first, second, form=self.form, scale=self.scale)


class FastChatPrompts:
    """FastChat's prompts, read from the user's copy.

    They put texts between fixed words, which an answer may hold too, and know nothing of languages. Those for second turns
    are needed where there are such turns; there are none for third ones. References of second turns are shown where both
    turns have one, as their prompts ask for both.

    Args:
        path: FastChat's judge_prompts.jsonl.
        reference_categories: Categories whose answers are held against their references.

    Raises:
        DataError: The file is missing, damaged, or lacks a prompt.
    """

    def __init__(self, path: Path, *, reference_categories: Collection[str]) -> None:
        self._path, self._categories = path, reference_categories
        self._entries: dict[str, Row] = {}
        for row in read_existing_rows(path):
            if not all(isinstance(row.find(name), str) for name in ("name", "prompt_template", "system_prompt")):
                raise DataError(f"{row.origin}: expected the fields name, prompt_template and system_prompt.")
            self._entries[row.find_text("name")] = row
        missing = [name for name in (*FASTCHAT_NAMES.values(), FASTCHAT_PAIR_REFERENCE) if name not in self._entries]
        if missing:
            raise DataError(f"{path} lacks the prompts {', '.join(missing)}.")

    @property
    def signature(self) -> str:
        names = [*FASTCHAT_NAMES.values(), FASTCHAT_PAIR_REFERENCE]
        names += [f"{name}{FASTCHAT_TURNS}" for name in names if f"{name}{FASTCHAT_TURNS}" in self._entries]
        return f"fastchat {', '.join(self._describe(name) for name in names)}"

    def make_single(self, submission: Submission) -> JudgePrompt:
        submission = _choose_reference(submission, self._categories)
        shown = _list_references(submission)
        kind: Kind = "reference" if shown else "single"
        answers = {"answer": [*(turn.answer for turn in submission.earlier), submission.answer]}
        return self._fill(FASTCHAT_NAMES[kind], submission, answers, shown, kind)

    def make_pair(self, first: Submission, second: Submission) -> JudgePrompt:
        first = _choose_reference(first, self._categories)
        shown = _list_references(first)
        answers = {
            name: [*(turn.answer for turn in one.earlier), one.answer]
            for name, one in (("answer_a", first), ("answer_b", second))
        }
        name = FASTCHAT_PAIR_REFERENCE if shown else FASTCHAT_NAMES["pair"]
        return self._fill(name, first, answers, shown, "pair")

    def _fill(
        self,
        name: str,
        submission: Submission,
        answers: Mapping[str, Sequence[str]],
        references: Sequence[str],
        kind: Kind,
    ) -> JudgePrompt:
        name = self._choose_name(name, submission)
        entry = self._entries[name]
        questions = [*(turn.question for turn in submission.earlier), submission.question]
        texts = {"question": questions[-1], **{part: said[-1] for part, said in answers.items()}}
        numbered = {"question": questions, **answers, "ref_answer": references}
        texts |= {f"{part}_{turn}": text for part, said in numbered.items() for turn, text in enumerate(said, start=1)}
        # In one pass: a text may hold "{answer}" too.
        content = _FIELD.sub(lambda match: texts.get(match[1], match[0]), entry.find_text("prompt_template"))
        return JudgePrompt(
            kind=kind,
            name=self._describe(name),
            messages=(("system", entry.find_text("system_prompt")), ("user", content)),
            texts=texts,
            scale=FASTCHAT_SCALE,
        )

    def _choose_name(self, name: str, submission: Submission) -> str:
        """Return the prompt's name for a submission's turn.

        Raises:
            DataError: The file has no prompt for that turn.
        """
        if submission.turn == 1:
            return name
        wanted = f"{name}{FASTCHAT_TURNS}"
        if submission.turn > 2 or wanted not in self._entries:
            raise DataError(
                f"{self._path} has no prompt for turn {submission.turn} of the question {submission.id}; looked for "
                f"{wanted}, which is for second turns.",
                hint="--set turns=1 judges first turns alone; taco's own prompts take any number of turns.",
            )
        return wanted

    def _describe(self, name: str) -> str:
        entry = self._entries[name]
        text = f"{entry.find_text('system_prompt')}\0{entry.find_text('prompt_template')}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        return f"{name} sha256:{digest[:12]}"


def _choose_reference(submission: Submission, categories: Collection[str]) -> Submission:
    """Return the submission without its references where its category is not held against them."""
    if submission.category in categories:
        return submission
    return replace(submission, reference="", earlier=tuple(replace(turn, reference="") for turn in submission.earlier))


def _list_references(submission: Submission) -> list[str]:
    """Return the references of all turns up to this one, none at all where one is missing."""
    found = [*(turn.reference for turn in submission.earlier), submission.reference]
    return found if all(found) else []
