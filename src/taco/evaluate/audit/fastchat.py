"""FastChat's judgements: model_judgment/JUDGE_single.jsonl, where question and answer stand inside the judge's prompt."""

from __future__ import annotations

import re

from taco.evaluate.audit.authors import read_judgement
from taco.evaluate.audit.judgement import Judgement, Key
from taco.evaluate.files.rows import Row

_QUESTION = re.compile(r"\[(?:User )?Question\]\n(.*?)\n\n\[The Start of ", re.DOTALL)
_ANSWER = re.compile(r"\[The Start of Assistant's Answer\]\n(.*)\n\[The End of Assistant's Answer\]", re.DOTALL)
_TURNS = re.compile(r"### User:\n(.*?)\n\n### Assistant A:\n(.*?)(?=\n\n### User:\n|\n\n<\|The End of |\Z)", re.DOTALL)


def is_fastchat(row: Row) -> bool:
    """Tell whether a row holds the judge's prompt."""
    return bool(row.find_text("user_prompt"))


def read_fastchat(row: Row) -> Judgement:
    """Read one row: question and answer out of the prompt, of the last turn where there are several."""
    prompt = row.find_text("user_prompt")
    turns = _TURNS.findall(prompt)
    if turns:
        question, answer = turns[-1]
    else:
        asked, answered = _QUESTION.search(prompt), _ANSWER.search(prompt)
        question, answer = asked[1] if asked else "", answered[1] if answered else ""
    return read_judgement(row, question=question, answer=answer)


def read_key(row: Row) -> Key:
    """Return what keeps rows of one id apart: model, turn and judge."""
    judge = row.find("judge")
    named = " ".join(str(part) for part in judge) if isinstance(judge, list) else str(judge or "")
    # single-v1 and single-math-v1 take turns within one table: the judge's name alone keeps judges apart.
    judged_by = str(judge[0]) if isinstance(judge, list) and judge else named
    model = row.find("model", "model_id")
    turn = row.find("turn")
    return tuple(part for part in (str(model or ""), f"turn {turn}" if turn is not None else "", judged_by) if part)
