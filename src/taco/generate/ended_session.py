"""A session whose answers end where a section would begin that an engine is to write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from taco.chain.formats import find_template
from taco.chain.stream import SectionStream
from taco.chain.template import label_pattern, section_index
from taco.generate.backend import Refusal
from taco.generate.session import Ask, Piece, Session


class EndedSession:
    """A session whose answers end at the label that `Ask.until` names; no character of the label is given out.

    Args:
        session: What decodes.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._endings: dict[str, Ending] = {}

    @property
    def signature(self) -> str:
        return self._session.signature

    def join(self, ask: Ask) -> int | Refusal | None:
        """Take an ask; see `Session.join`."""
        outcome = self._session.join(ask)
        if isinstance(outcome, int) and ask.until:
            self._endings[ask.id] = Ending(ask)
        return outcome

    def step(self) -> list[Piece]:
        """Make one token for each live answer; see `Session.step`."""
        try:
            return [self._follow(piece) for piece in self._session.step()]
        except BaseException:
            self._endings = {}
            raise

    def leave(self, ask_id: str) -> None:
        """Give up an answer; see `Session.leave`."""
        self._endings.pop(ask_id, None)
        self._session.leave(ask_id)

    def close(self) -> None:
        """Let go of the model."""
        self._endings = {}
        self._session.close()

    def _follow(self, piece: Piece) -> Piece:
        ending = self._endings.get(piece.id)
        if ending is None:
            return piece
        text, is_over = ending.push(piece.text, is_last=piece.is_last)
        if is_over and not piece.is_last:
            self._session.leave(piece.id)
        if is_over or piece.is_last:
            del self._endings[piece.id]
        return replace(piece, text=text, finish="label" if is_over else piece.finish)


@dataclass(slots=True)
class Ending:
    """One answer that is looked through for the label."""

    ask: Ask
    _held: str = ""  # what may become the label
    _sections: SectionStream = field(init=False)

    def __post_init__(self) -> None:
        self._sections = SectionStream(find_template(self.ask.template), self.ask.language)
        self._sections.push(self.ask.prefix)

    def push(self, text: str, *, is_last: bool) -> tuple[str, bool]:
        """Take the next characters; return those that can be given out, and whether the label came."""
        self._held += text
        self._sections.push(text)
        if (is_last or self._sections.section == self.ask.until) and (place := self._find_label()) is not None:
            return self._held[:place], True
        unsure = 0 if is_last else self._sections.unsure
        sure = max(0, len(self._held) - unsure)
        shown, self._held = self._held[:sure], self._held[sure:]
        return shown, False

    def _find_label(self) -> int | None:
        template = find_template(self.ask.template)
        marks = label_pattern(template, self.ask.language).finditer(self._held)
        return next(
            (mark.start() for mark in marks if template.section_names[section_index(mark)] == self.ask.until), None
        )
