"""Filters for the sample answers that need no script: radio buttons and style rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from taco.evaluate.failures import KINDS
from taco.report.content import Sample
from taco.report.figures import name_language
from taco.report.markup import Child, Html, element
from taco.report.samples import RANKED_BY


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to filter the samples.

    Attributes:
        label: What is chosen.
        class_: Class of the samples that are shown; "" for all.
        count: Number of them.
    """

    label: str
    class_: str
    count: int


@dataclass(frozen=True, slots=True)
class Filter:
    """A row of radio buttons.

    Attributes:
        key: Begins the ids of its buttons.
        legend: What is filtered by.
        choices: The buttons; the first one chooses all.
    """

    key: str
    legend: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Numbering:
    """Numbers for categories and languages, so that no text of a run becomes part of a class or a style rule."""

    categories: dict[str, int]
    languages: dict[str, int]

    @staticmethod
    def of(samples: Sequence[Sample]) -> Numbering:
        """Number the categories and languages of all samples, in alphabetical order."""
        categories = sorted({sample.category for sample in samples})
        languages = sorted({find_reply_language(sample) for sample in samples})
        return Numbering(
            {name: number for number, name in enumerate(categories)},
            {code: number for number, code in enumerate(languages)},
        )

    def classify(self, sample: Sample) -> str:
        """Return the classes of a sample."""
        fault = "faulty" if has_fault(sample) else "faultless"
        kinds = [f"kind-{kind}" for kind in list_kinds(sample)]
        category = f"category-{self.categories[sample.category]}"
        return " ".join(["sample", fault, *kinds, category, f"in-{self.languages[find_reply_language(sample)]}"])


def list_filters(samples: Sequence[Sample]) -> tuple[Filter, ...]:
    """Return the filters: by fault, by category, by language of the tuned reply."""
    numbering = Numbering.of(samples)
    everything = Choice("all", "", len(samples))
    kinds = Counter(kind for sample in samples for kind in list_kinds(sample))
    faulty = sum(has_fault(sample) for sample in samples)
    faults = [Choice("any fault", "faulty", faulty), Choice("no fault", "faultless", len(samples) - faulty)]
    faults += [Choice(kind, f"kind-{kind}", kinds[kind]) for kind in KINDS if kinds[kind]]
    sizes = Counter(sample.category for sample in samples)
    categories = [
        Choice(name or "no category", f"category-{number}", sizes[name])
        for name, number in numbering.categories.items()
    ]
    spoken = Counter(find_reply_language(sample) for sample in samples)
    languages = [
        Choice(name_language(code) if code else "undecided", f"in-{numbering.languages[code]}", count)
        for code, count in sorted(spoken.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return (
        Filter("fault", "Fault of the tuned answer", (everything, *faults)),
        Filter("category", "Category", (everything, *categories)),
        Filter("language", "Language of the tuned reply", (everything, *languages)),
    )


def write_filter_rules(samples: Sequence[Sample]) -> str:
    """Write the style rules that hide what a filter does not choose."""
    return "".join(
        f"#answers:has(#{group.key}-{index}:checked) .sample:not(.{choice.class_}){{display:none}}"
        for group in list_filters(samples)
        for index, choice in enumerate(group.choices)
        if choice.class_
    )


def show_filters(samples: Sequence[Sample]) -> Html:
    """Show the radio buttons."""
    return element("div", *map(show_filter, list_filters(samples)), class_="filters panel")


def list_kinds(sample: Sample) -> list[str]:
    """Return the kinds of fault of the tuned answer, the worst first."""
    answer = sample.answers.get(RANKED_BY)
    return list(dict.fromkeys(failure.kind for failure in answer.failures)) if answer else []


def has_fault(sample: Sample) -> bool:
    """Whether the tuned answer has a fault, or there is none."""
    answer = sample.answers.get(RANKED_BY)
    return answer is None or bool(answer.failures)


def find_reply_language(sample: Sample) -> str:
    """Return the code of the language that the tuned reply was identified as, "" where that is undecided."""
    answer = sample.answers.get(RANKED_BY)
    return answer.language if answer else ""


def show_filter(group: Filter) -> Html:
    """Show the radio buttons of one filter."""
    buttons: list[Child] = []
    for index, choice in enumerate(group.choices):
        key = f"{group.key}-{index}"
        button = element("input", type="radio", name=group.key, id=key, checked=index == 0)
        count = element("span", str(choice.count), class_="count")
        name = element("span", choice.label, dir="auto")
        buttons.append(element("span", button, element("label", name, " ", count, for_=key), class_="choice"))
    return element("fieldset", element("legend", group.legend), *buttons)
