"""A conversation in the terminal, without a server."""

from __future__ import annotations

import itertools
import re
import sys
import time
from pathlib import Path

from taco.errors import DataError, TacoError
from taco.generate.backend import Refusal
from taco.generate.guard_options import GUARD_OFF
from taco.generate.modes import ASKS_ENGLISH, SAYS_TARGET, find_until
from taco.generate.relay import NO_RELAY, Relay, find_unsaid, render_given, render_response
from taco.generate.session import Ask, Session
from taco.records import Chain
from taco.serve.answer import ANSWER, AnswerReader, Delta
from taco.serve.feedback import FeedbackLog
from taco.serve.protocol import FeedbackRequest
from taco.serve.served import Served

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What could steer the terminal; models' texts are not to be trusted with that."""

MOST_BYTES = 2**30

_ROOM_S = 60.0

HELP = "/chain  /retry  /up  /down  /correct TEXT  /new  /quit"


class Terminal:
    """Reads questions from stdin and writes answers to stdout as they grow.

    Args:
        run: Which run answers.
        session: Its model.
        max_tokens: Tokens of an answer at most.
        folder: Where feedback goes.
        shows_chain: Whether the English sections are shown.
        relay: Does the steps that are an engine's.
    """

    def __init__(
        self,
        run: Served,
        session: Session,
        *,
        max_tokens: int,
        folder: Path,
        shows_chain: bool,
        relay: Relay = NO_RELAY,
    ) -> None:
        self._run, self._session, self._max_tokens = run, session, max_tokens
        self._log = FeedbackLog(folder, most_bytes=MOST_BYTES)
        self._shows_chain, self._relay = shows_chain, relay
        self._turns: list[tuple[str, str]] = []
        self._last: AnswerReader | None = None
        self._ids = itertools.count()
        self._shown_section = ""

    def talk(self) -> None:
        """Go on until the input ends."""
        is_asked = sys.stdin.isatty()
        self._note(f"{self._run.name} answers in {self._run.language.name}. {HELP}")
        while True:
            if is_asked:
                print("> ", end="", file=sys.stderr, flush=True)
            line = sys.stdin.readline()
            if not line or line.strip() == "/quit":
                break
            if line.strip():
                self._take(line.strip())
        self._log.close()

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "/chain":
            self._shows_chain = not self._shows_chain
            self._note(f"English sections: {'shown' if self._shows_chain else 'hidden'}")
        elif word == "/new":
            self._turns, self._last = [], None
        elif word == "/retry" and self._turns:
            before = self._turns
            self._turns = before[:-2]
            if not self._ask(before[-2][1]):
                self._turns = before
        elif word in ("/up", "/down"):
            self._keep(rating=word[1:])
        elif word == "/correct" and rest.strip():
            self._keep(correction=rest.strip())
        elif word.startswith("/"):
            self._note(HELP)
        else:
            self._ask(line)

    def _ask(self, question: str) -> bool:
        """Show an answer; return whether there is one."""
        turns = [*self._turns, ("user", question)]
        template, language = self._run.template, self._run.language
        given = self._put_question(question)
        if given is None:
            return False
        generate = self._run.recipe.generate
        limits = generate.make_limits(most=min(self._max_tokens, generate.max_new_tokens))
        ask = Ask(
            id=str(next(self._ids)),
            adapter=self._run.name,
            system=template.system(language),
            turns=turns,
            template=template.name,
            language=language,
            prefix=given,
            until=find_until(self._relay.mode),
            limits=limits,
            guard=generate.guard if self._relay.mode == "chain" else GUARD_OFF,
        )
        try:
            outcome = self._join(ask)
        except KeyboardInterrupt:
            return False
        if not isinstance(outcome, int):
            self._note(outcome.detail if isinstance(outcome, Refusal) else "there is no room")
            return False
        reader = AnswerReader(template.name, language)
        if not self._read(ask.id, reader, given):
            return False
        self._last, self._turns = reader, [*turns, ("assistant", self._render(reader))]
        return True

    def _join(self, ask: Ask) -> int | Refusal | None:
        """Let an ask in; an answer that was stopped may take a moment to make room."""
        deadline = time.monotonic() + _ROOM_S
        while (outcome := self._session.join(ask)) is None and time.monotonic() < deadline:
            self._session.step()
        return outcome

    def _put_question(self, question: str) -> str | None:
        """Do step 1 where it is an engine's: return what the answer begins with, None where there is no translation."""
        if self._relay.mode not in ASKS_ENGLISH:
            return ""
        try:
            found = self._relay.to_english([question])[question]
        except TacoError as error:
            self._note(str(error))
            return None
        except KeyboardInterrupt:
            return None
        if found.fault:
            self._note(f"The engine has no translation of the question into English: {found.fault}.")
            return None
        return render_given(found.text, self._run.template, self._run.language)

    def _say_response(self, reader: AnswerReader) -> None:
        """Do step 3 where it is an engine's."""
        text_en = find_unsaid(reader.parse())
        if self._relay.mode not in SAYS_TARGET or not text_en:
            return
        try:
            found = self._relay.to_target([text_en])[text_en]
        except TacoError as error:
            self._note(str(error))
            return
        if found.fault:
            self._note(f"The engine has no translation of the answer: {found.fault}.")
        else:
            behind = render_response(reader.text, found.text, self._run.template, self._run.language)
            self._show(reader.complete(behind))

    def _read(self, ask_id: str, reader: AnswerReader, given: str) -> bool:
        """Show an answer as it comes; return whether it is one: not where the model failed."""
        self._shown_section = ""
        try:
            self._show(reader.begin(given))
            while not reader.finish:
                for piece in self._session.step():
                    if piece.id == ask_id:
                        self._show(reader.take(piece.text))
                        reader.repairs = piece.repairs
                        if piece.refusal:
                            print(flush=True)
                            self._note(piece.refusal.detail)
                            return False
                        if piece.finish:
                            self._show(reader.end(piece.finish))
            self._say_response(reader)
        except KeyboardInterrupt:
            self._session.leave(ask_id)
            if not reader.finish:
                self._show(reader.end("stopped"))
        print(flush=True)
        state = reader.parse().state
        if reader.repairs:
            self._note(f"Repaired while it was written: {', '.join(one.kind for one in reader.repairs)}.")
        if state != "complete":
            self._note(f"The chain is not complete: {state}.")
        return True

    def _show(self, deltas: list[Delta]) -> None:
        for delta in deltas:
            if delta.section != ANSWER and not self._shows_chain:
                continue
            if self._shown_section != delta.section and self._shows_chain:
                label = {"instruction_en": "Question in English", "response_en": "Answer in English"}
                print(
                    f"\n[{label.get(delta.section, 'Answer')}]"
                    if self._shown_section
                    else f"[{label.get(delta.section, 'Answer')}]"
                )
            self._shown_section = delta.section
            print(_CONTROL.sub("\ufffd", delta.text), end="", flush=True)

    def _render(self, reader: AnswerReader) -> str:
        """Write the answer down as the model itself wrote it, chain and all, for the next turn."""
        template = self._run.template
        texts = {name: reader.english.get(name, "") for name in ("instruction_en", "response_en")}
        try:
            return template.render(Chain(**texts, response=reader.content), self._run.language)
        except DataError:
            return reader.content

    def _keep(self, *, rating: str | None = None, correction: str = "") -> None:
        if self._last is None:
            self._note("There is no answer yet.")
            return
        feedback = FeedbackRequest.model_validate(
            {
                "model": self._run.name,
                "question": self._turns[-2][1],
                "answer": self._last.content,
                "instruction_en": self._last.english.get("instruction_en", ""),
                "response_en": self._last.english.get("response_en", ""),
                "earlier_turns": len(self._turns) - 2,
                "rating": rating,
                "correction": correction,
            }
        )
        _, name = self._log.append(feedback, self._run)
        self._note(f"Kept in {self._log.folder / name}")

    def _note(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)
