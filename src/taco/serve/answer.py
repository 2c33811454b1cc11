"""One answer as it grows: what of it a client sees, where it ends, and what its sections cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from taco.chain.formats import find_template
from taco.chain.parse import ParsedChain, find_restart, parse_chain
from taco.chain.stream import OUTSIDE, SectionStream
from taco.chain.template import SECTIONS
from taco.generate.backend import Generation
from taco.generate.sections import OTHER, measure_sections
from taco.languages.table import Language
from taco.records import Repair

ANSWER = "response"
"""The section that is the answer."""

ChainMode = Literal["field", "inline", "none"]

FINISHES = {"stop": "stop", "label": "stop", "stop-sequence": "stop"}
"""Why an answer ended -> OpenAI's word; "length" for all others: limit, loop, timeout."""


@dataclass(frozen=True, slots=True)
class Delta:
    """Characters for the client.

    Attributes:
        section: The section that they are of; `ANSWER` for the content.
        text: Never empty.
    """

    section: str
    text: str


class StopFilter:
    """Holds back what may become a stop sequence and cuts where one comes.

    Args:
        stops: The sequences, none empty.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops, self._held = stops, ""
        self.is_hit = False

    def push(self, text: str) -> str:
        """Take the next characters; return those that are sure.

        >>> stopper = StopFilter(["END"])
        >>> stopper.push("a E"), stopper.push("x EN"), stopper.push("D y"), stopper.is_hit
        ('a ', 'Ex ', '', True)
        """
        if self.is_hit:
            return ""
        whole = self._held + text
        places = [place for stop in self._stops if (place := whole.find(stop)) >= 0]
        if places:
            self.is_hit, self._held = True, ""
            return whole[: min(places)]
        kept = max((_overlap(whole, stop) for stop in self._stops), default=0)
        self._held = whole[len(whole) - kept :]
        return whole[: len(whole) - kept]

    def flush(self) -> str:
        """Return what was held back."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Return the length of the longest end of a text that a stop sequence begins with."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)


@dataclass(slots=True)
class AnswerReader:
    """Reads an answer out of the pieces of a chain.

    Attributes:
        template: The template's name; "" where no chain is expected and the text is the answer.
        language: The target language.
        mode: What becomes of the English sections.
        stops: Sequences that end the answer.
        text: All that the model wrote.
        content: What the client got as the answer.
        english: Section -> what the client got of it beside the answer.
        ends: For each token, the characters of `text` that were there after it.
        finish: Why it ended; "" while it goes on.
        repairs: What the chain guard did to `text`.
        given: Characters at the beginning of `text` that an engine wrote.
    """

    template: str
    language: Language
    mode: ChainMode = "field"
    stops: Sequence[str] = ()
    text: str = ""
    content: str = ""
    english: dict[str, str] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)
    finish: str = ""
    repairs: Sequence[Repair] = ()
    given: int = 0
    _pieces: list[str] = field(default_factory=list)
    _sections: SectionStream | None = None
    _stopper: StopFilter = field(init=False)

    def __post_init__(self) -> None:
        self._stopper = StopFilter(self.stops)
        if self.template and self.mode != "inline":
            self._sections = SectionStream(find_template(self.template), self.language)

    def begin(self, given: str) -> list[Delta]:
        """Take what an engine wrote in front of the model; return what the client may see of it."""
        self._pieces.append(given)
        self.given = len(given)
        return self._show(self._split(given))

    def complete(self, text: str) -> list[Delta]:
        """Take what an engine wrote behind the model, once that has ended; return what the client may see of it."""
        self.text += text
        return self._show(self._split(text)) + self._flush()

    def take(self, text: str) -> list[Delta]:
        """Take what one token added; return what the client may see of it."""
        self._pieces.append(text)
        self.ends.append((self.ends[-1] if self.ends else self.given) + len(text))
        return self._show(self._split(text))

    def place(self, ends: Sequence[int]) -> None:
        """Take where the tokens end that are left of the answer; those that were taken away count behind them."""
        last = self.ends[-1] if self.ends else self.given
        away = len(self.ends) - len(ends)
        self.ends = [*(min(self.given + end, last) for end in ends), *[last] * away]

    def end(self, finish: str) -> list[Delta]:
        """Take the end; return what was held back."""
        self.text = "".join(self._pieces)
        if finish == "label":
            self._cut_restart()
        self.finish = finish
        return self._flush()

    @property
    def is_stopped(self) -> bool:
        """Whether a stop sequence came."""
        return self._stopper.is_hit

    @property
    def finish_reason(self) -> str:
        """The end in OpenAI's words."""
        return FINISHES.get(self.finish, "length")

    def parse(self) -> ParsedChain:
        """Read the whole chain; of a text that is no chain the state says "complete"."""
        if not self.template:
            return ParsedChain("complete", response=self.text, spans={ANSWER: (0, len(self.text))})
        finish = self.finish if self.finish in ("stop", "label") else "length"
        return parse_chain(self.text, template=self.template, language=self.language, finish=finish)

    def count_tokens(self, parsed: ParsedChain) -> dict[str, int]:
        """Return section -> tokens, with "other" for labels, white space and the end token; see `measure_sections`."""
        seconds = [0.0] * len(self.ends)
        ends = [end - self.given for end in self.ends]
        made = Generation(id="", text=self.text[self.given :], finish="stop", token_ends=ends, token_seconds=seconds)
        found = {use.name: use.tokens for use in measure_sections(made, parsed.spans, given=self.given)}
        return {name: found.get(name, 0) for name in (*SECTIONS, OTHER)}

    def _flush(self) -> list[Delta]:
        """Return what was held back."""
        rest = [(part.section, part.text) for part in self._sections.finish()] if self._sections else []
        shown = self._show(rest)
        if (held := self._stopper.flush()) and not self._stopper.is_hit:
            self.content += held
            shown.append(Delta(ANSWER, held))
        if self._stopper.is_hit:
            self.finish = "stop-sequence"
        return shown

    def _cut_restart(self) -> None:
        """Leave out what the model began anew; its tokens stay counted."""
        start = find_restart(self.text, template=self.template, language=self.language)
        if start is not None:
            self.text, self.ends = self.text[:start], [min(end, start) for end in self.ends]

    def _split(self, text: str) -> list[tuple[str, str]]:
        if not text:
            return []
        if self._sections is None:
            return [(ANSWER, text)]
        return [(part.section, part.text) for part in self._sections.push(text)]

    def _show(self, parts: Sequence[tuple[str, str]]) -> list[Delta]:
        shown = []
        for section, text in parts:
            if section == ANSWER:
                text = self._stopper.push(text)
                self.content += text
            elif section == OUTSIDE or self.mode == "none":
                continue
            else:
                self.english[section] = self.english.get(section, "") + text
            if text:
                shown.append(Delta(section, text))
        return shown
