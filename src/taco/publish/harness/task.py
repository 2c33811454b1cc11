"""The YAML of a task of lm-evaluation-harness, its questions, and its card.

Every value in the YAML is written as JSON, which is YAML too; names are of `make_task_name`. Questions and references
stand in JSON Lines beside it: a template names their fields, so nothing in a text is taken for a template.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from taco.evaluate.benchmark.question import Question
from taco.publish.dataset.markdown import code, escape, table

VERSION = 1
MAX_TOKENS = 2048
"""Tokens of an answer at most: chains of several sections in scripts that tokenizers cut small."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def make_task_name(text: str) -> str:
    """Return a name that the harness takes: small letters, digits and underscores.

    >>> make_task_name("Vicuna 80 (Nepali)"), make_task_name("80")
    ('vicuna_80_nepali', 'task_80')
    """
    name = re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")[:58]
    return name if _NAME.fullmatch(name) else f"task_{name}".rstrip("_")


def make_row(question: Question) -> dict[str, Any]:
    """Return a question as a row of the task's file."""
    return {
        "id": question.id,
        "category": question.category,
        "question": question.text,
        "reference": question.reference,
        "turns": list(question.turns),
    }


def render_yaml(name: str, *, questions_file: str, metric: str) -> str:
    """Return a task's YAML.

    Args:
        name: The task's name.
        questions_file: Its questions, relative to the folder that the harness is started in.
        metric: "bypass", which only keeps the answers, or a measure of the harness against the reference, "chrf".
    """
    fields: dict[str, Any] = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": questions_file}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{question}}",
        "doc_to_target": "{{reference}}",
        "num_fewshot": 0,
        "generation_kwargs": {"until": [], "do_sample": False, "max_gen_toks": MAX_TOKENS},
        "metric_list": [_make_metric(metric)],
        "metadata": {"version": VERSION},
    }
    return "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in fields.items())


def render_card(name: str, questions: Sequence[Question], *, source: str, digest: str, tasks: Sequence[str]) -> str:
    """Return the card of a task folder.

    Args:
        name: The first task's name.
        questions: The benchmark.
        source: The file that they are from.
        digest: Its SHA-256.
        tasks: Names of all tasks in the folder.
    """
    counts = Counter(question.category for question in questions)
    references = Counter(question.category for question in questions if question.reference)
    later = sum(len(question.turns) > 1 for question in questions)
    rows = [
        (escape(category) or "(none)", str(count), str(references[category]))
        for category, count in sorted(counts.items())
    ]
    more = (
        f"`{tasks[1]}` has the questions with a reference, and scores answers by chrF against it, which says something where "
        "answers have one wording only."
        if len(tasks) > 1
        else "No question has a reference, so nothing is scored."
    )
    notes = f" {later} questions have further turns, which are in the file and not asked." if later else ""
    return f"""# {escape(name)}

{len(questions)} questions for lm-evaluation-harness, made by `taco export-benchmark` from {code(source)}
(SHA-256 `{digest}`). Whose the questions are, and under which terms, that file's own source says; taco adds none.

{table(("category", "questions", "with a reference"), rows)}

`{tasks[0]}` asks all of them and keeps the answers: open answers have no one right text, so its figure is a placeholder
(999, the harness's `bypass`). {more}{notes}

Run it from this folder, which the questions are named relative to:

    lm_eval --model hf --model_args pretrained=MODEL --include_path . --tasks {tasks[0]} \\
        --apply_chat_template --log_samples --output_path answers

`taco judge` reads the `samples_{tasks[0]}_*.jsonl` that this leaves.
"""


def _make_metric(metric: str) -> dict[str, Any]:
    return (
        {"metric": metric}
        if metric == "bypass"
        else {"metric": metric, "aggregation": metric, "higher_is_better": True}
    )
