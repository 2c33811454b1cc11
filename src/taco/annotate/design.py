"""Who sees what, and in which order: a balanced incomplete design, drawn from a seed.

- Each unit (an answer, or two answers to one question) goes to the same number of raters. A rater sees each system as often
  as any other rater does, but for one: so a strict rater is strict with all systems, and the systems' means stay comparable.
- A rater's sheet goes in rounds. A round shows each question (of a conversation each turn) once, with a system drawn so that
  every round has about as many answers of each; answers to one question stand a whole round apart. Weariness and growing
  strictness so fall on all alike.
- Of a pair, each system stands first as often as second, but for one, for each rater and each two systems.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from taco.annotate.options import Mode
from taco.evaluate.judge.submission import Submission


@dataclass(frozen=True, slots=True)
class Unit:
    """What is rated at once.

    Attributes:
        answers: One answer, or two systems' answers to the same question, in the order in which the systems were read.
    """

    answers: tuple[Submission, ...]

    @property
    def question(self) -> str:
        """The question's id."""
        return self.answers[0].id

    @property
    def turn(self) -> int:
        """The number of the turn, from 1."""
        return self.answers[0].turn

    @property
    def systems(self) -> tuple[str, ...]:
        """Who answered."""
        return tuple(answer.system for answer in self.answers)

    def flip(self) -> Unit:
        """Return the same unit with its answers in the other order."""
        return Unit(self.answers[::-1])


def list_units(submissions: Sequence[Submission], mode: Mode) -> tuple[list[Unit], Counter[str]]:
    """List what can be rated, and count what cannot, by reason.

    An answer that is empty is shown to nobody (`no-answer`), nor is what comes behind one in a conversation
    (`earlier-turn-failed`), nor are two answers that are the same text (`equal`): what they are worth needs no eyes. Two
    answers are a pair only if the very same question was asked in the same turn and language.
    """
    if mode == "rating":
        units = [Unit((one,)) for one in submissions]
    else:
        groups: dict[tuple[str, int, str, str], list[Submission]] = {}
        for one in submissions:
            groups.setdefault((one.id, one.turn, one.language, one.question), []).append(one)
        units = [Unit(pair) for group in groups.values() for pair in combinations(group, 2)]
    reasons = [_find_reason(unit) for unit in units]
    left_out = Counter(reason for reason in reasons if reason)
    return [unit for unit, reason in zip(units, reasons, strict=True) if not reason], left_out


def draw_questions(units: Sequence[Unit], number: int | None, seed: int) -> list[Unit]:
    """Return the units of some questions, drawn evenly from the categories; of all questions if the number is None."""
    categories = {unit.question: unit.answers[0].category for unit in units}
    if number is None or number >= len(categories):
        return list(units)
    drawn = random.Random(f"questions {seed}")  # noqa: S311 (a design, not a secret)
    shuffled = sorted(categories)
    drawn.shuffle(shuffled)
    seen: Counter[str] = Counter()
    ranks = {}
    for question in shuffled:
        ranks[question] = seen[categories[question]]
        seen[categories[question]] += 1
    chosen = set(sorted(shuffled, key=lambda question: ranks[question])[:number])
    return [unit for unit in units if unit.question in chosen]


def deal(units: Sequence[Unit], raters: Sequence[str], *, each: int, seed: int) -> dict[str, list[Unit]]:
    """Deal units out to raters, each unit to `each` of them.

    Whoever has seen the fewest units of these systems comes first; then who has the fewest units, then the fewest of this
    question, then who has met the unit's other raters least; then chance.

    Returns:
        Rater -> units, in no order that means anything.
    """
    drawn = random.Random(f"deal {seed}")  # noqa: S311
    sheets: dict[str, list[Unit]] = {rater: [] for rater in raters}
    of_system: Counter[tuple[str, tuple[str, ...]]] = Counter()
    of_question: Counter[tuple[str, str]] = Counter()
    met: Counter[tuple[str, str]] = Counter()
    for unit in _shuffle_by_system(units, drawn):
        chosen: list[str] = []
        for _ in range(each):
            free = {rater: drawn.random() for rater in raters if rater not in chosen}
            ranks = {
                rater: (
                    of_system[rater, unit.systems],
                    len(sheets[rater]),
                    of_question[rater, unit.question],
                    sum(met[rater, other] for other in chosen),
                    chance,
                )
                for rater, chance in free.items()
            }
            chosen.append(min(ranks, key=lambda rater: ranks[rater]))
        for rater in chosen:
            sheets[rater].append(unit)
            of_system[rater, unit.systems] += 1
            of_question[rater, unit.question] += 1
            met.update((rater, other) for other in chosen if other != rater)
    return sheets


def order(units: Iterable[Unit], seed: int, rater: str) -> list[Unit]:
    """Put a rater's units into the order in which they are shown, and the answers of pairs into theirs."""
    drawn = random.Random(f"order {seed} {rater}")  # noqa: S311
    questions: dict[tuple[str, int], list[Unit]] = {}
    for unit in sorted(units, key=lambda unit: (unit.question, unit.turn, unit.systems)):
        questions.setdefault((unit.question, unit.turn), []).append(unit)
    groups = list(questions.values())
    drawn.shuffle(groups)
    systems = sorted({unit.systems for group in groups for unit in group})
    drawn.shuffle(systems)
    turns = [number % len(systems) for number in range(len(groups))]
    drawn.shuffle(turns)
    for group, turn in zip(groups, turns, strict=True):
        group.sort(key=lambda unit: (systems.index(unit.systems) + turn) % len(systems))
    rounds = range(max((len(group) for group in groups), default=0))
    shown = [group[number] for number in rounds for group in groups if number < len(group)]
    return _flip_half(shown, drawn)


def _shuffle_by_system(units: Sequence[Unit], drawn: random.Random) -> list[Unit]:
    """Return units system by system, each system's in an order of its own."""
    groups: dict[tuple[str, ...], list[Unit]] = {}
    for unit in units:
        groups.setdefault(unit.systems, []).append(unit)
    for group in groups.values():
        drawn.shuffle(group)
    return [unit for group in groups.values() for unit in group]


def _flip_half(units: Sequence[Unit], drawn: random.Random) -> list[Unit]:
    """Return pairs of which half of each two systems' stand the other way round; single answers as they are."""
    totals = Counter(unit.systems for unit in units if len(unit.answers) > 1)
    coins: dict[tuple[str, ...], list[bool]] = {}
    for systems, total in totals.items():
        coins[systems] = [number % 2 == 1 for number in range(total)]
        if total % 2 and drawn.randrange(2):
            coins[systems] = [not coin for coin in coins[systems]]
        drawn.shuffle(coins[systems])
    return [unit.flip() if unit.systems in coins and coins[unit.systems].pop() else unit for unit in units]


def _find_reason(unit: Unit) -> str:
    """Return why a unit is shown to nobody, "" where it is shown."""
    if any(answer.is_cut_off for answer in unit.answers):
        return "earlier-turn-failed"
    if not all(answer.answer.strip() for answer in unit.answers):
        return "no-answer"
    is_same = len(unit.answers) > 1 and unit.answers[0].answer.strip() == unit.answers[1].answer.strip()
    return "equal" if is_same else ""
