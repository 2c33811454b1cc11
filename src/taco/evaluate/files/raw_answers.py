"""What a model wrote: a folder of text files, or a JSON file in the form of taco, FastChat or any with an id and a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from taco.errors import DataError, RecipeError
from taco.evaluate.files.rows import ID_KEYS, Row, normalise_id, read_rows
from taco.languages.table import Language, find_language
from taco.store.files import disk_faults

_TEXT_KEYS = ("text", "output", "raw", "raw_output", "completion", "response", "answer", "generation", "prediction")
RUN_ANSWERS = Path("generate", "tuned.jsonl")
"""What the tuned model of a run answered; the run's folder itself holds JSON files that are no answers."""

_LABEL = re.compile(
    r"^[ \t]*(?:[#*_>]+[ \t]*)?Response in ([^:\n]{2,40}?)[ \t]*[*_]*[:：]", re.MULTILINE | re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """One answer of a file.

    Attributes:
        id: See `normalise_id`.
        text: The whole output.
        finish: Why generation ended, see `taco.records.Finish`; "" where the file does not say.
        instruction: What was asked, in the target language; "" where the file does not say.
    """

    id: str
    text: str
    finish: str = ""
    instruction: str = ""


def read_raw_answers(path: Path) -> list[RawAnswer]:
    """Read answers, in the order of the file, or of the file names.

    A text file's id is the last number in its name, or its name where there is none.

    Raises:
        DataError: There is no such file or folder, it cannot be read, holds no answers, or is a run's.
    """
    if (path / RUN_ANSWERS).exists():
        raise DataError(f"{path} is a run.", hint=f"Name a file of answers in it: {path / RUN_ANSWERS}.")
    if path.is_dir():
        answers = _read_folder(path)
    elif path.suffix == ".txt":
        answers = [_read_text(path)]
    elif path.is_file():
        answers = [_read_answer(row) for row in read_rows(path)]
    else:
        raise DataError(f"{path} does not exist.", hint="Expected a folder of text files or a JSON file of answers.")
    if not answers:
        raise DataError(f"{path} holds no answers.", hint="Expected text files named by question, such as 1.txt.")
    if not any(answer.text for answer in answers):
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


def _read_folder(path: Path) -> list[RawAnswer]:
    files = sorted(path.glob("*.txt"))
    if files:
        return sorted((_read_text(file) for file in files), key=lambda answer: (len(answer.id), answer.id))
    files = sorted([*path.glob("*.json"), *path.glob("*.jsonl")])
    return [_read_answer(row) for file in files for row in read_rows(file)]


def _read_text(path: Path) -> RawAnswer:
    numbers = re.findall(r"\d+", path.stem)
    with disk_faults(path, "read"):
        content = path.read_bytes()
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    return RawAnswer(id=normalise_id(numbers[-1] if numbers else path.stem), text=text)


def _read_answer(row: Row) -> RawAnswer:
    identity = row.find(*ID_KEYS)
    if identity is None:
        raise DataError(f"{row.origin} has no id.", hint=f"Expected one of the fields {', '.join(ID_KEYS)}.")
    text = _read_choices(row.find("choices")) or row.find_text(*_TEXT_KEYS)
    return RawAnswer(
        id=normalise_id(identity),
        text=text,
        finish=row.find_text("finish"),
        instruction=row.find_text("prompt"),
    )


def _read_choices(choices: object) -> str:
    """Read FastChat's form of a model's answer: choices[0].turns[0]."""
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        turns = choices[0].get("turns")
        if isinstance(turns, list) and turns and isinstance(turns[0], str):
            return turns[0]
    return ""
