"""A benchmark file in, a task folder out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from taco.errors import PublishError
from taco.evaluate.benchmark.question import Question
from taco.publish.harness.task import make_row, make_task_name, render_card, render_yaml
from taco.store.files import write_atomically


def export_benchmark(questions: Sequence[Question], folder: Path, *, name: str, source: str, digest: str) -> list[str]:
    """Write a task folder and return the names of its tasks.

    Args:
        questions: The benchmark.
        folder: Made where missing.
        name: What the task is called; made into a name that the harness takes.
        source: The file that the questions are from, for the card.
        digest: Its SHA-256.

    Raises:
        PublishError: The folder holds something else.
        StoreError: It cannot be written.
    """
    task = make_task_name(name)
    scored = [question for question in questions if question.reference]
    tasks = [task, f"{task}_reference"] if scored else [task]
    files = {
        f"{task}.jsonl": _render_rows(questions),
        f"{task}.yaml": render_yaml(task, questions_file=f"{task}.jsonl", metric="bypass"),
        "README.md": render_card(task, questions, source=source, digest=digest, tasks=tasks),
    }
    if scored:
        files[f"{tasks[1]}.jsonl"] = _render_rows(scored)
        files[f"{tasks[1]}.yaml"] = render_yaml(tasks[1], questions_file=f"{tasks[1]}.jsonl", metric="chrf")
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in files) if folder.is_dir() else []
    if foreign:
        raise PublishError(f"{folder} holds {', '.join(foreign[:5])} already.", hint="Name an empty folder with --out.")
    for file, text in files.items():
        write_atomically(folder / file, [text.encode()])
    return tasks


def _render_rows(questions: Sequence[Question]) -> str:
    return "".join(json.dumps(make_row(question), ensure_ascii=False) + "\n" for question in questions)
