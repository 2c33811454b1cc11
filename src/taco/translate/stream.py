"""Shards as one stream: cut ahead of the engine and judged behind it, so that the engine never waits for either.

One thread does all but the engine's own calls. While calls are under way it cuts the next rows up and judges those whose
prose is translated, a few at a time, and looks between two such steps whether a call is back and another one can be made.
Each engine has one sender for all shards: a text is under way once, whoever waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from taco.errors import TacoError
from taco.records import Row, TranslatedRow, to_json
from taco.translate.rows import RowTranslator
from taco.translate.sender import Sender, check, wait_for
from taco.translate.shards import Part, Shard, read_rows

AHEAD = 2
"""Rounds of full calls that are cut up and wait for the engine: while one is being made, the next is there."""

OPEN_ROWS = 4000
"""Rows of shards that are at work at the same time; two shards always are. It bounds the memory: texts that the engine is
too busy for may keep a shard from its end for minutes."""

CUT_ROWS = 16
"""Rows that are cut up in one step: one look into the memory is made for all of them."""

JUDGED_ROWS = 8
"""Rows that are judged in one step: some milliseconds, in which no call is made."""


class Stream:
    """Translates shards that come one after the other.

    Args:
        translator: Its legs ask the senders.
        senders: One for each leg, in the same order.
        missing: What was said of the engines that are missing.
        note_rows: Is told how many rows were judged.
    """

    def __init__(
        self,
        translator: RowTranslator,
        senders: Sequence[Sender],
        *,
        missing: Sequence[str],
        note_rows: Callable[[int], None],
    ) -> None:
        self._translator, self._senders = translator, senders
        self._missing, self._note_rows = tuple(missing), note_rows
        self._shards: Iterator[Shard] = iter(())
        self._has_shards = True
        self._open: list[_OpenShard] = []
        self._fault: TacoError | None = None

    def translate(self, shards: Iterator[Shard]) -> Iterator[Part]:
        """Yield the part of each shard, in the order in which they are finished.

        Raises:
            DataError: A row is malformed. The shards before it were yielded.
            EngineError: An engine cannot go on. What it translated is stored.
            BudgetError: The budget is spent.
        """
        self._shards = shards
        self._stop()  # one before may have been left unfinished
        try:
            while True:
                self._exchange()
                yield from self._take_finished()
                if not self._cut(rounds=1) and not self._judge() and not self._cut(rounds=AHEAD):
                    self._exchange()
                    if not any(one.window.has_ready for one in self._open) and not wait_for(self._senders):
                        break
            yield from self._take_finished()  # such as have no rows
            assert not self._open, "a row waits for an answer that nobody asked for"
            if self._fault is not None:
                raise self._fault
        except (Exception, KeyboardInterrupt):  # of a stream that is left unfinished, `Sender.close` takes care
            self._stop()
            raise

    def _stop(self) -> None:
        for sender in self._senders:
            sender.stop()

    def _exchange(self) -> None:
        """Take in what is back and send what is next, then hand out what came and send what that makes necessary."""
        back = [sender.collect() for sender in self._senders]
        self._fill()
        for leg, answers in enumerate(back):
            for one in self._open if answers else ():
                one.window.take_answers(leg, answers)
                self._translator.ask(one.window)
        if any(back):
            self._fill()

    def _fill(self) -> None:
        check(self._senders)
        is_last = not self._can_cut()
        first, *others = self._senders
        first.fill(is_last=is_last)
        for sender in others:  # they get little: none of it waits for more once a shard is cut up
            sender.fill(is_last=is_last or any(not one.left for one in self._open))

    def _can_cut(self) -> bool:
        """Whether there are rows to cut up, of a shard that is open or may be opened."""
        while not any(one.left for one in self._open):
            rows = [one.rows for one in self._open if not one.is_finished]
            may_open = len(rows) < 2 or sum(rows) < OPEN_ROWS
            if not (self._has_shards and may_open and self._open_next()):
                return False
        return True

    def _cut(self, *, rounds: int) -> bool:
        """Cut some rows up, unless the first engine has so many rounds of calls before it."""
        if self._senders[0].has_enough(rounds) or not self._can_cut():
            return False
        one = next(one for one in self._open if one.left)
        one.cut(CUT_ROWS)
        self._translator.ask(one.window)
        return True

    def _judge(self) -> bool:
        """Judge some rows."""
        for one in self._open:
            if one.window.has_ready:
                self._note_rows(one.judge(JUDGED_ROWS))
                return True
        return False

    def _take_finished(self) -> Iterator[Part]:
        finished = [one for one in self._open if one.is_finished]
        self._open = [one for one in self._open if not one.is_finished]
        for one in finished:
            yield one.make_part(self._missing)

    def _open_next(self) -> bool:
        """Open the next shard; False where there is none. A fault in it waits until those before it are done."""
        try:
            shard = next(self._shards, None)
            rows = () if shard is None else read_rows(shard)
        except TacoError as error:
            shard, self._fault = None, error
        if shard is None:
            self._has_shards = False
            return False
        self._open.append(_OpenShard(shard, rows, self._translator))
        return True


class _OpenShard:
    """A shard at work.

    Attributes:
        rows: Number of its rows.
        left: Number of those that are not cut up.
        window: The others.
    """

    def __init__(self, shard: Shard, rows: Sequence[Row], translator: RowTranslator) -> None:
        self.window = translator.open_window()
        self.rows = self.left = len(rows)
        self._key, self._rows = shard.key, list(reversed(rows))
        self._lines: list[str] = [""] * len(rows)
        self._engines: list[str | None] = [None] * len(rows)
        self._judged = 0

    @property
    def is_finished(self) -> bool:
        return self._judged == self.rows

    def cut(self, most: int) -> None:
        """Cut up the next rows."""
        for _ in range(min(most, self.left)):
            self.window.add(self._rows.pop())
        self.left = len(self._rows)

    def judge(self, most: int) -> int:
        """Judge rows that are ready, and return how many."""
        before = self._judged
        while self.window.has_ready and self._judged - before < most:
            place, made = self.window.judge_next()
            self._lines[place] = to_json(made)
            self._engines[place] = made.engine if isinstance(made, TranslatedRow) else None
            self._judged += 1
        return self._judged - before

    def make_part(self, missing: tuple[str, ...]) -> Part:
        both = list(zip(self._lines, self._engines, strict=True))
        return Part(
            key=self._key,
            rows=tuple([line for line, engine in both if engine is not None]),
            drops=tuple([line for line, engine in both if engine is None]),
            tally=self.window.tally,
            engines=tuple(dict.fromkeys([engine for engine in self._engines if engine is not None])),
            missing=missing,
        )
