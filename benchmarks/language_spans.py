"""How often a foreign paragraph inside an answer is found, and how often one is seen where there is none.

Answers are made of the Universal Declaration of Human Rights: five paragraphs of the target, and for half of them the
third one is taken from a relative of the target or from English instead. Prints one line for each pair.

    python benchmarks/language_spans.py parallel.jsonl.gz ne:hi,mr gl:pt,es fa:tg,ar
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

from taco.evaluate.failure import language
from taco.evaluate.failure.record import build_subject
from taco.languages.table import Language, find_language

LETTERS = 60
"""Paragraphs that are shorter are passed over."""


def main() -> None:
    """Measure the pairs that the command line names."""
    paragraphs = read_paragraphs(Path(sys.argv[1]))
    print("target  foreign  answers  found  false alarms")
    for pair in sys.argv[2:]:
        target, _, others = pair.partition(":")
        for other in [*others.split(","), "en"]:
            print_pair(paragraphs, find_language(target), find_language(other))


def read_paragraphs(path: Path) -> dict[str, list[str]]:
    """Return the paragraphs of each language by ISO 639-3 code; English under "eng"."""
    found: dict[str, list[str]] = {"eng": []}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found.setdefault(row["iso639_3"], []).append(row["text"])
            if row["iso639_3"] == "npi":
                found["eng"].append(row["en"])
    return found


def print_pair(paragraphs: dict[str, list[str]], target: Language, other: Language) -> None:
    """Print how many of the mixed answers show their foreign paragraph, and how many pure ones show one."""
    kind = "english" if other.code == "en" else "wrong-language"
    foreign = [text for text in paragraphs[other.iso639_3] if len(text) >= LETTERS]
    found = alarms = answers = 0
    for number, (before, stranger) in enumerate(zip(list_answers(paragraphs, target), foreign, strict=False)):
        answers += 1
        mixed = [*before[:2], stranger, *before[3:]]
        found += is_shown(stranger, find_spans(mixed, target, kind, number))
        alarms += bool(find_spans(before, target, kind, number))
    print(f"{target.code:6}  {other.code:7}  {answers:7}  {found:5}  {alarms:12}")


def is_shown(stranger: str, spans: list[str]) -> bool:
    """Tell whether most of a paragraph is in the evidence, and the evidence is not much more."""
    return any(SequenceMatcher(None, stranger, text, autojunk=False).ratio() > 0.5 for text in spans)


def list_answers(paragraphs: dict[str, list[str]], target: Language) -> Iterator[list[str]]:
    """Yield five paragraphs in a row, from each paragraph on."""
    long = [text for text in paragraphs[target.iso639_3] if len(text) >= LETTERS]
    return (long[start : start + 5] for start in range(len(long) - 4))


def find_spans(texts: list[str], target: Language, kind: str, number: int) -> list[str]:
    """Return the evidence for one kind in an answer of these paragraphs."""
    answer = f"Response in {target.name}: " + "\n".join(texts)
    subject = build_subject(answer, answer_id=str(number), language=target)
    return [subject.text[failure.start : failure.end] for failure in language.find(subject) if failure.kind == kind]


if __name__ == "__main__":
    main()
