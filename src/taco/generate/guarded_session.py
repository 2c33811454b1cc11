"""The chain guard for streams: a session whose answers are followed token by token, and go on where a repair is needed."""

from __future__ import annotations

from dataclasses import replace

from taco.chain.formats import find_template
from taco.generate.backend import Refusal
from taco.generate.faults import Fault
from taco.generate.session import Ask, Piece, Session
from taco.generate.watch import Watch


class GuardedSession:
    """A session whose answers are repaired as `Ask.guard` says.

    Pieces put together are the repaired answer, and nothing of them is taken back later. An answer that is repaired leaves
    the session and joins it again with what it has as its prefix, before any new one.

    Args:
        session: What decodes.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._watches: dict[str, Watch] = {}
        self._again: dict[str, bool] = {}  # to join again -> whether with the penalty
        self._pending: dict[
            str, tuple[str, str]
        ] = {}  # to be given out with the next piece: before the cut, and behind it

    @property
    def signature(self) -> str:
        return self._session.signature

    def join(self, ask: Ask) -> int | Refusal | None:
        """Take an ask; see `Session.join`."""
        if self._again:
            return None
        outcome = self._session.join(ask)
        is_chain = bool(ask.template) and find_template(ask.template).has_labels
        if isinstance(outcome, int) and is_chain and ask.guard.is_on and not ask.prefix:
            self._watches[ask.id] = Watch(ask)
        return outcome

    def step(self) -> list[Piece]:
        """Make one token for each live answer; see `Session.step`."""
        try:
            pieces = self._join_again()
            for piece in self._session.step():
                pieces.append(self._follow(piece))
        except BaseException:
            self._watches, self._again, self._pending = {}, {}, {}
            raise
        return pieces

    def leave(self, ask_id: str) -> None:
        """Give up an answer; see `Session.leave`."""
        self._forget(ask_id)
        self._session.leave(ask_id)

    def close(self) -> None:
        """Let go of the model."""
        self._watches, self._again, self._pending = {}, {}, {}
        self._session.close()

    def _forget(self, ask_id: str) -> None:
        for kept in (self._watches, self._again, self._pending):
            kept.pop(ask_id, None)

    def _join_again(self) -> list[Piece]:
        pieces: list[Piece] = []
        for ask_id, is_again in list(self._again.items()):
            watch = self._watches[ask_id]
            penalty = watch.options.penalty if is_again else watch.ask.limits.penalty
            limits = replace(watch.ask.limits, max_new_tokens=watch.tokens_left, penalty=penalty)
            outcome = self._session.join(replace(watch.ask, prefix=watch.text, limits=limits))
            if outcome is None:
                break
            del self._again[ask_id]
            if isinstance(outcome, Refusal):
                pieces.append(self._take_back(watch))
        return pieces

    def _take_back(self, watch: Watch) -> Piece:
        """End an answer whose repair is refused, as it was before."""
        text, _ = self._pending[watch.ask.id]
        text += watch.take_back()
        self._forget(watch.ask.id)
        return Piece(id=watch.ask.id, text=text, finish="length", repairs=tuple(watch.repairs), ends=watch.ends)

    def _follow(self, piece: Piece) -> Piece:
        watch = self._watches.get(piece.id)
        if watch is None:
            return piece
        if piece.refusal and piece.id in self._pending:
            return self._take_back(watch)
        if piece.refusal:
            self._forget(piece.id)
            return piece
        shown, fault = watch.push(piece.text)
        text = "".join(self._pending.pop(piece.id, ())) + shown
        if fault is None and piece.finish:
            fault = watch.end(piece.finish)
        return self._end(watch, text, piece) if fault is None else self._repair(watch, fault, text, piece)

    def _repair(self, watch: Watch, fault: Fault | None, text: str, piece: Piece) -> Piece:
        """Cut; let the answer go on, or end it where nothing more is to be repaired."""
        finish = piece.finish
        if finish is None:
            self._session.leave(piece.id)
        while fault is not None:
            released = watch.cut(fault)
            if not fault.is_last:
                self._again[piece.id], self._pending[piece.id] = fault.is_again, (text, released)
                return Piece(id=piece.id, text="", prompt_tokens=piece.prompt_tokens)
            text += released
            finish = "length" if fault.kind == "budget" else finish or "loop"
            watch.settle("closed", finish)
            fault = watch.end(finish)
        return self._end(watch, text, replace(piece, finish=finish))

    def _end(self, watch: Watch, text: str, piece: Piece) -> Piece:
        if piece.finish is None:
            return replace(piece, text=text)
        text += watch.finish(piece.finish)
        self._forget(watch.ask.id)
        return replace(piece, text=text, repairs=tuple(watch.repairs), ends=watch.ends)
