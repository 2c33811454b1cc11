"""A section of the chain that is absent or empty."""

from __future__ import annotations

from taco.evaluate.failure.record import Failure, Subject

_TITLES = {
    "instruction_en": "the instruction in English",
    "response_en": "the response in English",
    "response": "the response in the target language",
}


def find(subject: Subject) -> list[Failure]:
    """Report the sections that are missing, the target section first; one failure for all of them."""
    missing = [name for name in reversed(subject.template.section_names) if not getattr(subject.parsed, name)]
    if not missing:
        return []
    end = len(subject.text)
    detail = "missing: " + ", ".join(_TITLES[name] for name in missing)
    return [subject.make_failure("missing-section", (end, end), detail)]
