"""What a measure is called, what it says and what it does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from taco.chain.template import Template
from taco.evaluate.case import Case
from taco.measure.bootstrap import DECIMALS
from taco.measure.unit import Better, Unit

Reads = Literal["answer", "reply", "instruction_en", "response_en", "response"]
"""The part of an answer that a measure reads; see `Case.reply` for the reply."""

Need = Literal["labels", "instruction_en", "response_en", "response"]

Values = Mapping[str, float | None]
"""Name of a measure -> its value for one answer; None where it has none."""


class Metric(BaseModel):
    """One measure.

    Attributes:
        name: Key in `Values`.
        title: What is counted, in a few words.
        better: Which way is better; "neither" for what is only described.
        reads: The part of the answer that is read.
        meaning: What the number says, in plain words.
        limits: What it does not say.
        absent: What an answer without that part counts as.
        needs: What a template must have for the measure to mean anything, besides what is read: sections, or "labels".
            Where no template of the held-out rows has it, the measure is left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    unit: Unit
    better: Better
    reads: Reads
    meaning: str
    limits: str = ""
    absent: Literal["zero", "unscored"]
    needs: tuple[Need, ...] = ()

    def applies_to(self, template: Template) -> bool:
        """Whether the measure means anything for answers that are written down so.

        >>> from taco.chain.formats import find_template
        >>> metric = Metric(name="a", title="A", unit="rate", better="higher", reads="reply", meaning="", absent="zero")
        >>> metric.applies_to(find_template("direct")), metric.applies_to(find_template("question-translation"))
        (True, False)
        """
        read = {"answer": (), "reply": ("response",)}.get(self.reads, (self.reads,))
        has = {*template.section_names, *(("labels",) if template.has_labels else ())}
        return has.issuperset((*read, *self.needs))


@dataclass(frozen=True, slots=True)
class Family:
    """Measures that are taken together.

    Attributes:
        metrics: What they are.
        measure: Takes all of them for one answer.
    """

    metrics: tuple[Metric, ...]
    measure: Callable[[Case], Values]


def measure_case(case: Case, families: Sequence[Family]) -> dict[str, float | None]:
    """Take every measure of one answer, with as many decimals as files keep."""
    values = {name: value for family in families for name, value in family.measure(case).items()}
    return {name: None if value is None else round(value, DECIMALS) for name, value in values.items()}
