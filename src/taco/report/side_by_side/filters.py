"""Filters for the answers of several runs, without a script: radio buttons and style rules.

What is filtered by a run and a failure together are questions to which that run's tuned answer shows that failure, so
each pair of them has a class of its own. Texts of a run never become part of a class: all are numbered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from taco.report.figures import name_language
from taco.report.filters import Choice, Filter
from taco.report.side_by_side.content import Question, Reply, SideBySide
from taco.report.side_by_side.failures import KINDS
from taco.report.side_by_side.paired import ARM

ANY, NONE = "any", "none"


@dataclass(frozen=True, slots=True)
class Classes:
    """Numbers of all that is filtered by.

    Attributes:
        labels: Labels of the runs.
        categories, languages, kinds: What there is -> its number.
    """

    labels: tuple[str, ...]
    categories: dict[str, int]
    languages: dict[str, int]
    kinds: dict[str, int]

    @staticmethod
    def of(content: SideBySide) -> Classes:
        """Number what the questions and answers have."""
        questions = content.questions
        replies = [reply for question in questions for reply in question.replies if reply.arm == ARM]
        found = {kind for reply in replies for kind in list_kinds(reply)}
        kinds = [kind for kind in KINDS if kind in found]
        return Classes(
            labels=tuple(run.label for run in content.runs),
            categories=_number(sorted({question.category for question in questions})),
            languages=_number(sorted({question.language for question in questions})),
            kinds=_number(kinds),
        )

    def classify(self, question: Question) -> str:
        """Return the classes of a question."""
        faults = sorted({mark for reply in question.replies for mark in self._mark(reply)})
        return " ".join(
            [
                "sample",
                "faulty" if f"f-{ANY}" in faults else "faultless",
                f"c{self.categories[question.category]}",
                f"l{self.languages[question.language]}",
                *(f"r{run}" for run in question.runs),
                *faults,
            ]
        )

    def _mark(self, reply: Reply) -> Iterator[str]:
        if reply.arm != ARM:
            return
        kinds = list_kinds(reply)
        for fault in (ANY, *(str(self.kinds[kind]) for kind in kinds)) if kinds else (NONE,):
            yield f"f-{fault}"
            yield from (f"r{run}f-{fault}" for run in reply.runs)


def list_filters(content: SideBySide, classes: Classes) -> tuple[Filter, ...]:
    """Return the filters: by run, failure, category and language; those with nothing to choose from are left out."""
    questions = content.questions
    everything = Choice("all", "", len(questions))
    of_run = Counter(run for question in questions for run in question.runs)
    of_category = Counter(question.category for question in questions)
    of_language = Counter(question.language for question in questions)
    runs = [Choice(label, f"r{run}", of_run[run]) for run, label in enumerate(classes.labels)]
    categories = [Choice(name or "no category", f"c{n}", of_category[name]) for name, n in classes.categories.items()]
    languages = [Choice(name_language(code), f"l{n}", of_language[code]) for code, n in classes.languages.items()]
    filters = (
        Filter("run", "Run", (everything, *runs)),
        Filter("fault", "Failure of a tuned answer", (everything, *_list_faults(questions, classes))),
        Filter("category", "Category", (everything, *categories)),
        Filter("language", "Language", (everything, *languages)),
    )
    return tuple(group for group in filters if len(group.choices) > 2)


def write_filter_rules(content: SideBySide) -> str:
    """Write the style rules that hide what the filters do not choose."""
    classes = Classes.of(content)
    groups = {group.key: group for group in list_filters(content, classes)}
    rules = [
        f"#answers:has(#{group.key}-{index}:checked) .sample:not(.{choice.class_}){{display:none}}"
        for group in groups.values()
        for index, choice in enumerate(group.choices)
        if choice.class_
    ]
    runs = groups["run"].choices if "run" in groups else ()
    faults = groups["fault"].choices if "fault" in groups else ()
    for place, run in enumerate(runs):
        if run.class_:
            chosen = f"#answers:has(#run-{place}:checked)"
            rules.append(f"{chosen} .reply:not(.{run.class_}){{display:none}}")
            rules += [
                f"{chosen}:has(#fault-{index}:checked) .sample:not(.{run.class_}{fault.class_}){{display:none}}"
                for index, fault in enumerate(faults)
                if fault.class_
            ]
    return "".join(rules)


def list_kinds(reply: Reply) -> list[str]:
    """Return the kinds of failure of an answer, each once."""
    return list(dict.fromkeys(failure.kind for failure in reply.failures))


def _list_faults(questions: Sequence[Question], classes: Classes) -> list[Choice]:
    marks = Counter(
        mark for question in questions for mark in {mark for reply in question.replies for mark in classes._mark(reply)}
    )
    choices = [
        Choice("any failure", f"f-{ANY}", marks[f"f-{ANY}"]),
        Choice("no failure", f"f-{NONE}", marks[f"f-{NONE}"]),
    ]
    return [*choices, *(Choice(kind, f"f-{number}", marks[f"f-{number}"]) for kind, number in classes.kinds.items())]


def _number(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}
