"""One streamed answer under the chain guard: what of it can be given out, and what has to be repaired.

Nothing that was given out is taken back. So text is held back for as long as a repair may yet take it away:

- what may become a heading, until it is one or is none;
- the beginning of the target section, until there are letters enough to tell its language;
- a run of tokens that is there for the second time, until it breaks off;
- in a section that is close to its budget, what comes behind its last whole sentence.

What a token costs here does not depend on the length of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from taco.chain.stream import OUTSIDE, SectionStream
from taco.generate.faults import (
    ANSWER,
    Draft,
    Fault,
    Form,
    Tried,
    find_fault,
    find_foreign_section,
    find_missing,
    find_overlong,
    find_sentence_end,
    make_form,
)
from taco.generate.foreign import MIN_LETTERS, count_letters
from taco.generate.guard_options import GuardOptions
from taco.generate.session import Ask
from taco.records import Finish, Repair, RepairOutcome

GRAM = 4
"""Tokens whose second coming says that a run may be there again."""

SHORTEST_RUN = 8
"""Tokens of a run that is held back when it comes again; shorter ones need as many tokens of repeats."""

NEAR = 32
"""Tokens before a budget from which on whole sentences alone are given out."""

LOOK_EVERY = 8
"""Tokens between two looks at a section that seems to be over its budget."""

MOST_HELD = 96
"""Tokens of the target section that are held back at most until its language is known."""

_ENDS = frozenset(".!?…。！？।॥؟۔።\n")


@dataclass(slots=True)
class RepeatWatch:
    """Follows whether the last tokens say again what was said before, one step a token.

    Attributes:
        run: Tokens at the end that say what stood `period` tokens before.
    """

    run: int = 0
    period: int = 0
    _tokens: list[str] = field(default_factory=list)
    _seen: dict[tuple[str, ...], int] = field(default_factory=dict)

    def push(self, token: str) -> bool:
        """Take a token; return whether a run is there for the second time at least.

        >>> watch = RepeatWatch()
        >>> [watch.push(token) for token in "abcdefgh" * 2 + "x"][-3:]
        [False, True, False]
        """
        self._tokens.append(token)
        place = len(self._tokens) - 1
        if self.period and self._tokens[place - self.period] == token:
            self.run += 1
        else:
            self.run = self.period = 0
        gram = tuple(self._tokens[-GRAM:])
        before = self._seen.get(gram)
        self._seen[gram] = place
        if not self.period and before is not None:
            self.period, self.run = place - before, GRAM
        return self.period > 0 and self.run >= max(self.period, SHORTEST_RUN)


@dataclass(frozen=True, slots=True)
class OpenRepair:
    """A repair under way.

    Attributes:
        fault: What it is for.
        before: The text before it.
        ends: The ends of its tokens.
        told: Characters of it that had been given out.
        kept: Tokens that stayed.
    """

    fault: Fault
    before: str
    ends: tuple[int, ...]
    told: int
    kept: int


@dataclass(slots=True)
class Watch:
    """A streamed answer.

    Attributes:
        ask: What was asked, as it came.
        form: How the answer should be written down.
        told: Characters that were given out.
        repairs: The repairs that are done.
    """

    ask: Ask
    form: Form = field(init=False)
    told: int = 0
    repairs: list[Repair] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _tail: str = ""  # what was not given out
    _ends: list[int] = field(default_factory=list)
    _tried: set[Tried] = field(default_factory=set)
    _open: OpenRepair | None = None
    _repeats: RepeatWatch = field(default_factory=RepeatWatch)
    _sections: SectionStream = field(init=False)
    _spent: dict[str, int] = field(default_factory=dict)
    _letters: int = 0
    _holds: dict[str, int] = field(default_factory=dict)  # why -> from which character on

    def __post_init__(self) -> None:
        self.form = make_form(self.ask.template, self.ask.language)
        self._sections = SectionStream(self.form.template, self.form.language)

    @property
    def options(self) -> GuardOptions:
        """What is repaired."""
        return self.ask.guard

    @property
    def text(self) -> str:
        """All that was written and not cut away."""
        self._text = ["".join(self._text)]
        return self._text[0]

    @property
    def ends(self) -> tuple[int, ...]:
        """For each token that was not cut away, the number of characters that were there after it."""
        return tuple(self._ends)

    @property
    def tokens_left(self) -> int:
        """Tokens that the answer may still have."""
        return self.ask.limits.max_new_tokens - len(self._ends)

    def push(self, text: str) -> tuple[str, Fault | None]:
        """Take a token's text; return what can be given out now, or what has to be repaired at once."""
        start, before = self._length, self._sections.section
        self._add(text)
        self._ends.append(self._length)
        self._sections.push(text)
        section = self._sections.section
        self._spent[section] = self._spent.get(section, 0) + 1
        self._watch_labels()
        if section != before:
            self._enter(section, start)
        self._watch_repeats(text, start)
        fault = self._watch_heading(section, before)
        fault = fault or self._watch_budget(section, text) or self._watch_language(section, text)
        if fault is not None and (fault.is_last or self._has_tokens(fault)):
            return "", fault
        return self._release(), None

    def end(self, finish: Finish) -> Fault | None:
        """Take the end of what the model says; return what has to be repaired, if there are tokens left for it."""
        draft = self._draft(finish)
        fault = find_fault(draft, self.form, options=self.options, tried=self._tried, floor=self.told)
        return fault if fault is None or fault.is_last or self._has_tokens(fault) else None

    def cut(self, fault: Fault) -> str:
        """Begin a repair; return what can be given out in front of it, with the heading that is written."""
        self.settle("retried" if self._open and self._open.fault.is_again else "continued", "stop")
        draft = self._draft("stop")
        kept = draft.keep_ends(fault.start)
        self._open = OpenRepair(fault, draft.text, tuple(self._ends), self.told, len(kept))
        self._tried.add((fault.kind, "end" if fault.kind == "loop" and fault.is_last else fault.section))
        self._text, self._tail, self._ends = [draft.text[: fault.start]], draft.text[self.told : fault.start], kept
        self._add(fault.heading)
        self._repeats, self._holds = RepeatWatch(), {}
        self._sections = SectionStream(self.form.template, self.form.language)
        self._sections.push(self.text)
        spans = self.form.parse(self._draft("stop")).spans
        self._spent = {name: sum(a < end <= b for end in kept) for name, (a, b) in spans.items()}
        released = self._release()
        self._enter(self._sections.section, self.told)
        return released

    def take_back(self) -> str:
        """Give up the repair under way as refused; return what was not given out of the text as it was before."""
        if self._open is None:
            return ""
        opened = self._open
        self._text, self._ends, self._holds = [opened.before], list(opened.ends), {}
        self.settle("refused", "length")
        self.told, self._tail = len(opened.before), ""
        return opened.before[opened.told :]

    def settle(self, outcome: RepairOutcome, finish: Finish) -> None:
        """Write down the repair that is under way, if any."""
        if self._open is None:
            return
        opened, self._open = self._open, None
        fault = opened.fault
        self.repairs.append(
            Repair(
                kind=fault.kind,
                section=fault.section,
                start=fault.start,
                removed=opened.before[fault.start :],
                added=self.text[fault.start :],
                found=fault.found,
                outcome=outcome,
                finish=finish,
                tokens=0 if outcome == "refused" else len(self._ends) - opened.kept,
            )
        )

    def finish(self, finish: Finish) -> str:
        """Take the end of the answer; return all that was held back."""
        again = self._open is not None and self._open.fault.is_again
        self.settle("retried" if again else "continued", finish)
        self._holds = {}
        return self._release()

    @property
    def _length(self) -> int:
        return self.told + len(self._tail)

    def _has_tokens(self, fault: Fault) -> bool:
        return len(self._draft("stop").keep_ends(fault.start)) < self.ask.limits.max_new_tokens

    def _draft(self, finish: Finish) -> Draft:
        return Draft(text=self.text, finish=finish, ends=self._ends)

    def _add(self, text: str) -> None:
        self._text.append(text)
        self._tail += text

    def _release(self) -> str:
        most = max(0, min(self._holds.values(), default=self._length) - self.told)
        shown, self._tail = self._tail[:most], self._tail[most:]
        self.told += most
        return shown

    def _enter(self, section: str, start: int) -> None:
        """Begin a section whose first character comes at `start` or later."""
        self._holds.pop("budget", None)
        self._holds.pop("language", None)
        if section == ANSWER and self.options.language and ("language", ANSWER) not in self._tried:
            self._letters, self._holds["language"] = 0, start

    def _watch_labels(self) -> None:
        """Hold back what may become a label; a reader of sections has to wait for it anyway."""
        if self._sections.unsure:
            self._holds["label"] = self._length - self._sections.unsure
        else:
            self._holds.pop("label", None)

    def _watch_heading(self, section: str, before: str) -> Fault | None:
        if not self.options.heading or section != OUTSIDE or before == OUTSIDE:
            return None
        return find_missing(self._draft("label"), self.form, tried=self._tried, floor=self.told)

    def _watch_repeats(self, text: str, start: int) -> None:
        if not self.options.loop or not text:
            return
        if self._repeats.push(text):
            self._holds.setdefault("repeat", start)
        else:
            self._holds.pop("repeat", None)

    def _watch_budget(self, section: str, text: str) -> Fault | None:
        budget = self.options.budgets.get(section)
        if budget is None or ("budget", section) in self._tried or self._spent[section] <= budget - NEAR:
            return None
        over = self._spent[section] - budget
        if over > 0:
            if over % LOOK_EVERY != 1:
                return None
            draft = self._draft("length")
            parsed = self.form.parse(draft)
            return find_overlong(draft, parsed, self.form, options=self.options, tried=self._tried, floor=self.told)
        if "budget" not in self._holds or not _ENDS.isdisjoint(text):
            self._hold_sentence(section)
        return None

    def _hold_sentence(self, section: str) -> None:
        span = self.form.parse(self._draft("length")).spans.get(section)
        if span is None:
            return
        inner = self.text[span[0] : span[1]]
        most = len(inner) - (inner[-1:] not in _ENDS)
        self._holds["budget"] = max(
            self.told, span[0] + find_sentence_end(inner, self.form.find_script(section), most=most)
        )

    def _watch_language(self, section: str, text: str) -> Fault | None:
        if "language" not in self._holds or section != ANSWER:
            return None
        self._letters += sum(letter.isalpha() for letter in text)
        is_late = self._spent[section] > MOST_HELD
        if self._letters < MIN_LETTERS and not is_late:
            return None
        draft = self._draft("stop")
        parsed = self.form.parse(draft)
        self._letters = count_letters(parsed.response)
        if self._letters < MIN_LETTERS and not is_late:
            return None
        del self._holds["language"]
        return find_foreign_section(draft, parsed, self.form, self._tried, self.told)
