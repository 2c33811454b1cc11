"""A failure, and the answer that it is looked for in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from taco.chain.formats import find_template
from taco.chain.parse import ParsedChain, parse_chain
from taco.chain.template import Template
from taco.languages.table import Language
from taco.records import Chain

Kind = Literal[
    "missing-section",
    "copied-question",
    "truncated",
    "loop",
    "wrong-language",
    "english",
    "flattened-list",
    "flattened-code",
    "flattened-lines",
    "translated-code",
    "changed-meaning",
    "too-long",
]
"""What went wrong.

- missing-section: a section of the chain is absent or empty.
- copied-question: a section is the question again.
- truncated: the answer was cut off before its end.
- loop: a stretch repeats itself again and again, or only counts up.
- wrong-language: a stretch of the target section is in a relative of the target.
- english: a stretch of the target section is in English.
- flattened-list, flattened-code, flattened-lines: the English section has a list, a code block or several lines, and the
  target section has them run together.
- translated-code: keywords or names inside the code block were translated.
- changed-meaning: step 1 asks something other than the true English question.
- too-long: as many sentences as the instruction forbids, or more.
"""

KINDS: tuple[Kind, ...] = get_args(Kind)

UNKNOWN = Chain(instruction_en="", response_en="", response="")
"""The reference of an answer of which none is known."""

SHOWN = 200
"""Most characters of evidence that a failure quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing wrong with an answer.

    Attributes:
        kind: See `Kind`.
        id: The answer's id, its question's where there are turns.
        start, end: The evidence, [start, end) in characters of the raw answer; both its length where something is
            missing.
        text: The evidence itself, cut at `SHOWN` characters; "" where something is missing.
        detail: What was found, for a reader.
        turn: Which of its question's turns it answers, from 1.
    """

    kind: Kind
    id: str
    start: int
    end: int
    text: str
    detail: str
    turn: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An answer with what is known about it.

    Attributes:
        id: Its id.
        text: The raw answer.
        language: The target language.
        parsed: The sections found in it.
        template: How it should be written down.
        finish: Why generation ended, see `taco.records.Finish`; "" where unknown.
        instruction: What was asked, in the target language; "" where unknown.
        reference: The true question in English, and a good answer in English and in the target; "" for what is unknown.
    """

    id: str
    text: str
    language: Language
    parsed: ParsedChain
    template: Template
    finish: str = ""
    instruction: str = ""
    reference: Chain = UNKNOWN

    @property
    def question_en(self) -> str:
        """The true question in English; "" where unknown."""
        return self.reference.instruction_en

    @property
    def reply(self) -> str:
        """The target section; of an answer without any label the whole text."""
        return self.text.strip() if self.parsed.state == "no-chain" else self.parsed.response

    def find_span(self, section: str) -> tuple[int, int]:
        """Return where a section stands; an empty span at the end where it is missing."""
        return self.parsed.spans.get(section, (len(self.text), len(self.text)))

    def make_failure(self, kind: Kind, span: tuple[int, int], detail: str) -> Failure:
        """Make a failure of this answer."""
        start, end = span
        return Failure(kind=kind, id=self.id, start=start, end=end, text=self.text[start:end][:SHOWN], detail=detail)


def build_subject(
    text: str,
    *,
    answer_id: str,
    language: Language,
    template: str = "",
    finish: str = "",
    instruction: str = "",
    reference: Chain = UNKNOWN,
) -> Subject:
    """Parse an answer.

    Args:
        text: The raw answer.
        template: Name of the template that it was asked by; "" for `taco` or `taco-paper`, whichever it looks like.
        answer_id, language, finish, instruction, reference: See `Subject`.
    """
    template = template or ("taco-paper" if "\n" + " " * 24 + "Response in " in text else "taco")
    parsed = parse_chain(text, template=template, language=language, finish=finish or "stop")
    return Subject(
        id=answer_id,
        text=text,
        language=language,
        parsed=parsed,
        template=find_template(template),
        finish=finish,
        instruction=instruction,
        reference=reference,
    )
