"""What a model wrote: a folder of text files, or a JSON file in the form of taco, FastChat or any with an id and a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from taco.errors import DataError, RecipeError
from taco.evaluate.files.rows import ID_KEYS, Row, normalise_id, read_rows
from taco.languages.table import Language, find_language
from taco.records import ARMS
from taco.store.files import disk_faults

_TEXT_KEYS = ("text", "output", "raw", "raw_output", "completion", "response", "answer", "generation", "prediction")
RUN_ANSWERS = Path("generate", "tuned.jsonl")
"""What the tuned model of a run answered; the run's folder itself holds JSON files that are no answers."""

_LABEL = re.compile(
    r"^[ \t]*(?:[#*_>]+[ \t]*)?Response in ([^:\n]{2,40}?)[ \t]*[*_]*[:：]", re.MULTILINE | re.IGNORECASE
)


_TURN_FOLDER = re.compile(r"turn-([1-9]\d{0,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """One answer of a file.

    Attributes:
        id: Of its question, see `normalise_id`.
        text: The whole output.
        finish: Why generation ended, see `taco.records.Finish`; "" where the file does not say.
        instruction: What was asked, in the target language; "" where the file does not say.
        turn: Which of the question's turns it answers, from 1.
        reason: Why there is no answer; "" where there is one.
    """

    id: str
    text: str
    finish: str = ""
    instruction: str = ""
    turn: int = 1
    reason: str = ""


def read_raw_answers(path: Path) -> list[RawAnswer]:
    """Read answers, of a conversation the first; see `read_raw_turns`."""
    return [turns[0] for turns in _read_all(path)]


def read_raw_turns(path: Path) -> list[RawAnswer]:
    """Read answers, in the order of the file, or of the file names, with all turns of conversations in FastChat's form.

    A text file's id is the last number in its name, or its name where there is none.

    Raises:
        DataError: There is no such file or folder, it cannot be read, holds no answers, is a run's, or
            holds those of both arms under the same ids.
    """
    return [answer for turns in _read_all(path) for answer in turns]


def _read_all(path: Path) -> list[list[RawAnswer]]:
    if (path / RUN_ANSWERS).exists():
        raise DataError(f"{path} is a run.", hint=f"Name a file of answers in it: {path / RUN_ANSWERS}.")
    if all((path / f"{arm}.jsonl").is_file() for arm in ARMS):
        raise DataError(f"{path} holds the answers of two arms.", hint=f"Name one file: {path / f'{ARMS[-1]}.jsonl'}.")
    if path.is_dir():
        answers = _read_folder(path)
    elif path.suffix == ".txt":
        answers = [[_read_text(path)]]
    elif path.is_file():
        answers = _read_file(path)
    else:
        raise DataError(f"{path} does not exist.", hint="Expected a folder of text files or a JSON file of answers.")
    if not answers:
        raise DataError(f"{path} holds no answers.", hint="Expected text files named by question, such as 1.txt.")
    if not any(answer.text for turns in answers for answer in turns):
        fields = ", ".join(_TEXT_KEYS)
        raise DataError(f"{path} holds no text of an answer.", hint=f"Expected one of the fields {fields}, or choices.")
    return answers


def find_answers_language(answers: Iterable[RawAnswer]) -> Language | None:
    """Tell the target from the labels "Response in LANGUAGE:", the commonest one; None where no answer has one."""
    names: Counter[str] = Counter()
    for answer in answers:
        names.update({match[1].strip().casefold() for match in _LABEL.finditer(answer.text)} - {"english"})
    for name, _ in names.most_common():
        try:
            return find_language(name)
        except RecipeError:
            continue
    return None


def _read_folder(path: Path) -> list[list[RawAnswer]]:
    files = sorted(path.glob("*.txt"))
    if files:
        found = sorted((_read_text(file) for file in files), key=lambda answer: (len(answer.id), answer.id))
        return [[answer] for answer in found]
    files = sorted([*path.glob("*.json"), *path.glob("*.jsonl")])
    return [turns for file in files for turns in _read_file(file)]


def _read_file(path: Path) -> list[list[RawAnswer]]:
    """Read a JSON file; `taco answer` keeps the answers to each turn in a folder that is named after it."""
    folder = _TURN_FOLDER.fullmatch(path.parent.name)
    return [_read_turns(row, turn=int(folder[1]) if folder else 1) for row in read_rows(path)]


def _read_text(path: Path) -> RawAnswer:
    numbers = re.findall(r"\d+", path.stem)
    with disk_faults(path, "read"):
        content = path.read_bytes()
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    return RawAnswer(id=normalise_id(numbers[-1] if numbers else path.stem), text=text)


def _read_turns(row: Row, *, turn: int) -> list[RawAnswer]:
    """Read the answers to all turns of a question, one where the row is no conversation.

    Args:
        row: An object of the file.
        turn: Which turn the first of them answers.
    """
    identity = row.find(*ID_KEYS)
    if identity is None:
        raise DataError(f"{row.origin} has no id.", hint=f"Expected one of the fields {', '.join(ID_KEYS)}.")
    texts = _read_choices(row.find("choices")) or [""]
    finishes, reasons = (_read_texts(row.find(name)) for name in ("finish", "reasons"))
    first = RawAnswer(
        id=normalise_id(identity),
        text=texts[0] or row.find_text(*_TEXT_KEYS),
        finish=finishes[0] if finishes else row.find_text("finish"),
        instruction=row.find_text("prompt"),
        turn=turn,
        reason=reasons[0] if reasons else "",
    )
    later = [
        RawAnswer(id=first.id, text=text, finish=finish, turn=turn + number, reason=reason)
        for number, (text, finish, reason) in enumerate(zip_longest(texts, finishes, reasons, fillvalue=""))
        if 0 < number < len(texts)
    ]
    return [first, *later]


def _read_choices(choices: object) -> list[str]:
    """Read FastChat's form of a model's answers: choices[0].turns."""
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return _read_texts(choices[0].get("turns"))
    return []


def _read_texts(found: object) -> list[str]:
    """Read a list of texts, "" for anything else in it; empty where it is no list."""
    return [one if isinstance(one, str) else "" for one in found] if isinstance(found, list) else []
