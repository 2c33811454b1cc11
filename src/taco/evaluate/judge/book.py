"""Where prompts come from: taco's own files, or FastChat's judge_prompts.jsonl where the user has one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
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
FASTCHAT_SCALE = Scale(1.0, 10.0)
"""What FastChat's prompts ask for (fastchat/llm_judge/data/judge_prompts.jsonl)."""

_FIELD = re.compile(r"\{(question|answer|ref_answer_1|answer_a|answer_b)\}")


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
        return f"taco {self.form} {self.scale.lowest:g}-{self.scale.highest:g} {', '.join(map(describe_prompt, kinds))}"

    def make_single(self, submission: Submission) -> JudgePrompt:
        submission = _choose_reference(submission, self.reference_categories)
        kind: Kind = "rubric" if self.is_rubric else "reference" if submission.reference else "single"
        return make_single_prompt(submission, kind=kind, form=self.form, scale=self.scale)

    def make_pair(self, first: Submission, second: Submission) -> JudgePrompt:
        first = _choose_reference(first, self.reference_categories)
        return make_pair_prompt(first, second, form=self.form, scale=self.scale)


class FastChatPrompts:
    """FastChat's prompts, read from the user's copy.

    They put texts between fixed words, which an answer may hold too, and know nothing of languages.

    Args:
        path: FastChat's judge_prompts.jsonl.
        reference_categories: Categories whose answers are held against their references.

    Raises:
        DataError: The file is missing, damaged, or lacks a prompt.
    """

    def __init__(self, path: Path, *, reference_categories: Collection[str]) -> None:
        self._categories = reference_categories
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
        names = (*FASTCHAT_NAMES.values(), FASTCHAT_PAIR_REFERENCE)
        return f"fastchat {', '.join(self._describe(name) for name in names)}"

    def make_single(self, submission: Submission) -> JudgePrompt:
        submission = _choose_reference(submission, self._categories)
        texts = {"question": submission.question, "answer": submission.answer}
        if submission.reference:
            texts["ref_answer_1"] = submission.reference
        kind: Kind = "reference" if submission.reference else "single"
        return self._fill(FASTCHAT_NAMES[kind], texts, kind)

    def make_pair(self, first: Submission, second: Submission) -> JudgePrompt:
        first = _choose_reference(first, self._categories)
        texts = {"question": first.question, "answer_a": first.answer, "answer_b": second.answer}
        if first.reference:
            texts["ref_answer_1"] = first.reference
        return self._fill(FASTCHAT_PAIR_REFERENCE if first.reference else FASTCHAT_NAMES["pair"], texts, "pair")

    def _fill(self, name: str, texts: Mapping[str, str], kind: Kind) -> JudgePrompt:
        entry = self._entries[name]
        # In one pass: a text may hold "{answer}" too.
        content = _FIELD.sub(lambda match: texts.get(match[1], match[0]), entry.find_text("prompt_template"))
        return JudgePrompt(
            kind=kind,
            name=self._describe(name),
            messages=(("system", entry.find_text("system_prompt")), ("user", content)),
            texts=texts,
            scale=FASTCHAT_SCALE,
        )

    def _describe(self, name: str) -> str:
        entry = self._entries[name]
        text = f"{entry.find_text('system_prompt')}\0{entry.find_text('prompt_template')}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        return f"{name} sha256:{digest[:12]}"


def _choose_reference(submission: Submission, categories: Collection[str]) -> Submission:
    """Return the submission without its reference where its category is not held against one."""
    return submission if submission.category in categories else replace(submission, reference="")
