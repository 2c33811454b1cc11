"""Where verdicts come from: the store first, the judge for the rest.

A call is recorded as sent just before it is made and its reply is stored as soon as it is back, so a kill loses at most
the calls that are under way. A busy judge is waited for and asked again. A reply without a verdict is kept as it is, and
the judge is asked anew, up to a number of replies in all, over all runs; then the submission stays unscored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from taco.errors import BudgetError, JudgeBusy, JudgeError, JudgeRejected, TacoError
from taco.evaluate.judge.judge import Judge
from taco.evaluate.judge.prompt import JudgePrompt
from taco.evaluate.judge.reading import Reading, read_verdict
from taco.evaluate.judge.store import ReplyStore, StoredReply
from taco.progress import Progress, Task
from taco.remote.chat_reply import ChatReply
from taco.remote.pace import Clock, Pace, SystemClock
from taco.store.memory import Budget

BUSY_ATTEMPTS = 8
"""Times that a call is made before a busy judge is given up; with `taco.remote.pace`'s waits that is some minutes."""

USELESS_IN_A_ROW = 50
"""Prompts rejected, or replies without a verdict, one after the other, after which a judge is given up: it costs money
and grades nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one prompt.

    Attributes:
        reading: The verdict, or why there is none.
        replies: All replies that were paid for, in the order in which they came; the last one is the one that was read.
    """

    reading: Reading
    replies: tuple[StoredReply, ...] = ()

    @property
    def unreadable(self) -> int:
        """Number of replies that had no verdict."""
        return len(self.replies) - bool(self.replies and self.reading.is_readable)


@dataclass(slots=True)
class _Question:
    """A prompt that has no verdict yet."""

    key: str
    prompt: JudgePrompt
    replies: list[StoredReply]
    busy: int = 0
    call: int = 0


@dataclass(slots=True)
class _Request:
    """What is to be done for one `ask_all`."""

    waiting: deque[_Question]
    outcomes: dict[str, Outcome]
    under_way: dict[Future[ChatReply], _Question] = field(default_factory=dict)
    failure: BaseException | None = None


class Asker:
    """Answers prompts with verdicts.

    Args:
        judge: Asked for what the store lacks.
        store: Keeps replies.
        budget: The account that pays.
        attempts: Replies of one prompt at most before it stays unscored.
        progress: Where to say how far it is.
        title: What it says is done.
        clock: The time.
    """

    def __init__(
        self,
        judge: Judge,
        store: ReplyStore,
        *,
        budget: Budget,
        attempts: int,
        progress: Progress,
        title: str = "Judging",
        clock: Clock | None = None,
    ) -> None:
        self._judge, self._store, self._budget, self._attempts = judge, store, budget, attempts
        self._progress, self._title, self._clock = progress, title, clock or SystemClock()
        self._pace = Pace(judge.limits)
        self._useless_in_a_row = 0

    def ask_all(self, prompts: Sequence[JudgePrompt]) -> dict[str, Outcome]:
        """Return what became of each prompt, by its key; equal prompts are asked once.

        Raises:
            JudgeError: The judge cannot go on. What came back is stored.
            BudgetError: The budget is spent. What came back is stored.
            StoreError: The store cannot be used.
        """
        request = self._look_up({prompt.make_key(self._judge.signature): prompt for prompt in prompts})
        done = len(request.outcomes)
        total = done + len(request.waiting)
        with self._progress.task(self._title, total=total, unit="verdicts", done=done) as task:
            self._work(request, task)
        if request.failure is not None:
            raise request.failure
        return request.outcomes

    def _work(self, request: _Request, task: Task) -> None:
        pool = ThreadPoolExecutor(self._judge.parallel_calls, thread_name_prefix="judge")
        try:
            while request.waiting or request.under_way:
                self._fill(request, pool)
                if not request.under_way:
                    break
                self._wait(request, task)
        finally:
            pool.shutdown()

    def _look_up(self, prompts: Mapping[str, JudgePrompt]) -> _Request:
        stored = self._store.look_up(prompts)
        request = _Request(deque(), {})
        for key, prompt in prompts.items():
            replies = stored.get(key, [])
            outcome = self._conclude(prompt, replies)
            if outcome is None:
                request.waiting.append(_Question(key, prompt, replies))
            else:
                request.outcomes[key] = outcome
        return request

    def _conclude(self, prompt: JudgePrompt, replies: Sequence[StoredReply]) -> Outcome | None:
        """Return the outcome of replies: the first verdict, or none after so many attempts."""
        for number, stored in enumerate(replies, start=1):
            reading = read_verdict(stored.reply, prompt)
            if reading.is_readable or number >= self._attempts:
                return Outcome(reading, tuple(replies[:number]))
        return None

    def _fill(self, request: _Request, pool: ThreadPoolExecutor) -> None:
        """Make as many calls as the judge allows at once."""
        while request.waiting and request.failure is None and len(request.under_way) < self._judge.parallel_calls:
            question = request.waiting[0]
            characters = sum(len(content) for _, content in question.prompt.messages)
            seconds = self._pace.find_wait(characters, now=self._clock.now())
            if seconds > 0 and request.under_way:
                return  # take in what comes back meanwhile
            try:
                if seconds > 0:
                    self._clock.wait(seconds)
                usd = self._judge.estimate_cost(question.prompt)
                question.call = self._store.record_sent(
                    question.key, judge=self._judge.signature, usd=usd, budget=self._budget
                )
            except BudgetError as error:
                # What is under way is counted at its highest price; there may be more left when it is back.
                request.failure = None if request.under_way else error
                return
            except (TacoError, KeyboardInterrupt) as error:
                request.failure = error
                return
            request.waiting.popleft()
            self._pace.note_call(characters, now=self._clock.now())
            attempt = len(question.replies) + 1
            request.under_way[pool.submit(self._judge.ask, question.prompt, attempt=attempt)] = question

    def _wait(self, request: _Request, task: Task) -> None:
        try:
            done, _ = wait(request.under_way, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt as error:
            request.failure = error
            request.waiting.clear()
            return
        for future in done:
            self._take_in(request.under_way.pop(future), future, request, task)

    def _take_in(self, question: _Question, future: Future[ChatReply], request: _Request, task: Task) -> None:
        try:
            reply = future.result()
        except JudgeBusy as error:
            self._store.record_failed(question.call, is_free=error.is_free)
            self._wait_for(question, error, request, task)
        except JudgeRejected as error:
            self._store.record_failed(question.call, is_free=True)
            self._pace.note_answer()
            request.outcomes[question.key] = Outcome(
                Reading(reason="rejected", explanation=error.message), tuple(question.replies)
            )
            task.advance()
            self._count_useless(error.message, request)
        except JudgeError as error:
            self._store.record_failed(question.call, is_free=True)
            request.failure = request.failure or error
        else:
            self._keep(question, reply, request, task)

    def _keep(self, question: _Question, reply: ChatReply, request: _Request, task: Task) -> None:
        self._pace.note_answer()
        question.replies.append(self._store.store(question.call, reply, usd=self._judge.count_cost(reply)))
        reading = read_verdict(reply, question.prompt)
        if reading.is_readable:
            self._useless_in_a_row = 0
        else:
            self._count_useless(f"a reply without a verdict ({reading.reason})", request)
        outcome = self._conclude(question.prompt, question.replies)
        if outcome is None:
            request.waiting.append(question)
        else:
            request.outcomes[question.key] = outcome
            task.advance()

    def _wait_for(self, question: _Question, error: JudgeBusy, request: _Request, task: Task) -> None:
        question.busy += 1
        if question.busy >= BUSY_ATTEMPTS:
            request.failure = request.failure or JudgeError(
                f"The judge is still busy after {question.busy} attempts. The last one: {error.message}",
                hint="All that came back is kept. Run the same command again later; it goes on from here.",
            )
            return
        seconds = self._pace.note_busy(error.retry_after_s, now=self._clock.now())
        task.advance(0, note=f"the judge is busy ({error.message}); trying again in {seconds:.0f} s")
        request.waiting.append(question)

    def _count_useless(self, what: str, request: _Request) -> None:
        self._useless_in_a_row += 1
        if self._useless_in_a_row >= USELESS_IN_A_ROW:
            request.failure = request.failure or JudgeError(
                f"The judge gave no verdict {self._useless_in_a_row} times in a row. The last time: {what}",
                hint="All that came back is kept. Choose another judge, or ask for plain text: --option answer_format=plain.",
            )
