"""The answers that people rate: of runs, files of answers, or folders of text files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from taco.annotate.key import StudyInput
from taco.errors import DataError, RecipeError
from taco.evaluate.case import find_target_section
from taco.evaluate.files.hub import digest_read, is_on_hub
from taco.evaluate.files.raw_answers import read_raw_answers
from taco.evaluate.judge.submission import Submission
from taco.evaluate.judge.systems import QUESTIONS, Asked, name_folder, read_systems
from taco.records import ARMS

RUN_FILES = ("chain/heldout.jsonl", *(f"generate/{arm}.jsonl" for arm in ARMS))
ANSWER_FILES = (QUESTIONS, *(f"{arm}.jsonl" for arm in ARMS))
"""What a run holds, and what a folder of `taco answer`."""


def read_answers(paths: Sequence[Path], asked: Asked) -> tuple[list[Submission], tuple[StudyInput, ...]]:
    """Read the answers of all systems, and note where each system is from.

    The arms of a run are called as `taco judge` calls them: after the run where there are several paths. A folder of text
    files, one for each question, is one system, called after the folder.

    Raises:
        DataError: A file is missing or damaged, an answer has no question, or a system answers a question twice.
    """
    submissions: list[Submission] = []
    inputs: list[StudyInput] = []
    for path in paths:
        found = _read_folder(path, asked) if _is_text_folder(path) else read_systems([path], asked)
        prefix = f"{name_folder(path)}/" if len(paths) > 1 and path.is_dir() and not _is_text_folder(path) else ""
        submissions += [replace(one, system=prefix + one.system) for one in found]
        inputs.append(
            StudyInput(
                path=path.as_posix(),
                digests={file.as_posix(): digest_read(file) for file in _list_files(path)},
                systems={one.system: prefix + one.system for one in found},
            )
        )
    _check_names(inputs)
    return submissions, tuple(inputs)


def _is_text_folder(path: Path) -> bool:
    return path.is_dir() and not any((path / name).exists() for name in (RUN_FILES[0], "generate", QUESTIONS))


def _list_files(path: Path) -> Iterator[Path]:
    if is_on_hub(path) or not path.is_dir():
        yield path
    elif not _is_text_folder(path):
        yield from (path / name for name in (ANSWER_FILES if (path / QUESTIONS).is_file() else RUN_FILES))
    else:
        yield from sorted(file for file in path.iterdir() if file.suffix in (".txt", ".json", ".jsonl"))


def _read_folder(path: Path, asked: Asked) -> list[Submission]:
    """Read a folder of text files, or of JSON files, as one system; a question without a file has an empty answer."""
    if not asked.language:
        raise RecipeError(f"{path} does not say in which language its answers should be.", hint="Give --language.")
    if not asked.questions:
        raise RecipeError(f"{path} holds answers without their questions.", hint="Give them with --benchmark.")
    answers = read_raw_answers(path)
    texts = {answer.id: answer.text for answer in answers}
    strange = [answer.id for answer in answers if answer.id not in asked.questions]
    if strange or len(texts) < len(answers):
        what = f"the questions {', '.join(strange[:5])}, which the benchmark does not ask" if strange else "one twice"
        raise DataError(f"{path} answers {what}.", hint="A text file is named after its question: 1.txt.")
    return [
        Submission(
            id=question.id,
            system=path.resolve().name,
            category=question.category,
            language=asked.language,
            question=question.text,
            answer=find_target_section(texts.get(question.id, ""), language=asked.language, template=asked.template),
            reference=question.reference,
        )
        for question in asked.questions.values()
    ]


def _check_names(inputs: Sequence[StudyInput]) -> None:
    owners: dict[str, str] = {}
    for one in inputs:
        for system in one.systems.values():
            if system in owners:
                raise DataError(
                    f"{owners[system]} and {one.path} both hold a system {system}.",
                    hint='Name systems apart: the field "system" of each answer, or the name of the file or folder.',
                )
            owners[system] = one.path
