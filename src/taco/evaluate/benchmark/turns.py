"""One arm's part in a benchmark's conversations, turn by turn.

OUT/turn-N/ARM.jsonl            the answers to the turns of that number (`Answer`), as they are finished
OUT/turn-N/ARM.earlier.json     of later turns: a digest of what was said before them

What a model sees of its own earlier answer is the part that a reader is shown: of a chain the target section alone, which
is what `taco serve` puts into the prompt where a client sends an answer's content back. Where the base model is asked in
English and an engine translates (mode `engine-both`), it sees what it was asked and said in English. Where an earlier turn has no such
part, there is nothing to go on with: the later ones are not asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from taco.chain.parse import parse_chain
from taco.errors import DataError
from taco.evaluate.benchmark.question import EARLIER_TURN
from taco.evaluate.case import find_target_section
from taco.generate.asking import Asking, Earlier, answer_arm
from taco.languages.table import find_language
from taco.records import Answer, Drop, Example
from taco.store.files import write_atomically

STAGE = "answer"


@dataclass(frozen=True, slots=True)
class Talk:
    """What one arm said.

    Attributes:
        answers: (question's id, turn from 1) -> its answer.
        drops: (question's id, turn from 1) -> why there is none.
    """

    answers: Mapping[tuple[str, int], Answer]
    drops: Mapping[tuple[str, int], Drop]


def answer_turns(arm: str, turns: Sequence[Sequence[Example]], *, asking: Asking, out: Path) -> Talk:
    """Let an arm answer all turns; what the folder holds is not asked again.

    Args:
        arm: "base" or "tuned".
        turns: What is asked, turn by turn; of later turns the questions that have them.
        asking: What answers.
        out: Where the folders of the turns are.

    Raises:
        DataError: The answers to later turns that are there belong to other earlier answers.
        ModelError: The model or the adapter cannot be used.
    """
    answers: dict[tuple[str, int], Answer] = {}
    drops: dict[tuple[str, int], Drop] = {}
    said: dict[str, list[tuple[str, str]]] = {example.id: [] for example in turns[0]}
    for number, examples in enumerate(turns, start=1):
        asked = [example for example in examples if example.id in said]
        drops |= {(one.id, number): _drop(one, arm, number) for one in examples if one.id not in said}
        path = out / f"turn-{number}" / f"{arm}.jsonl"
        if number > 1:
            _claim(path, {example.id: said[example.id] for example in asked})
        title = f"Answering ({arm}, turn {number})" if len(turns) > 1 else ""
        found, refused = answer_arm(arm, asked, asking=asking, path=path, earlier=said, title=title)
        answers |= {(answer.id, number): answer for answer in found}
        drops |= {(drop.id, number): replace(drop, detail=f"turn {number}, {drop.detail}") for drop in refused}
        is_plain = asking.relay.is_plain(arm)
        said = _go_on(said, found, {example.id: example for example in asked}, is_english=is_plain)
    return Talk(answers, drops)


def _go_on(
    said: Earlier, answers: Sequence[Answer], asked: Mapping[str, Example], *, is_english: bool
) -> dict[str, list[tuple[str, str]]]:
    """Return the conversations with the turns that were answered; those without an answer to show are over.

    Args:
        said: What was said before, by id.
        answers: What was said now.
        asked: What was asked, by id.
        is_english: Whether an engine stood between: then the model goes on with what it was asked and said in English.
    """
    gone_on = {}
    for answer in answers:
        example = asked[answer.id]
        shown = find_target_section(answer.text, language=example.language, template=example.template)
        if not shown.strip():
            continue
        question = answer.prompt
        if is_english:
            parsed = parse_chain(answer.text, template=example.template, language=find_language(example.language))
            question, shown = parsed.instruction_en, parsed.response_en
        gone_on[answer.id] = [*said[answer.id], ("user", question), ("assistant", shown)]
    return gone_on


def _claim(path: Path, said: Earlier) -> None:
    """Note which conversations later answers go on with; refuse answers that go on with others.

    Raises:
        DataError: The file holds answers to other conversations.
    """
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    text = f"{json.dumps({'earlier': digest})}\n".encode()
    claim = path.with_suffix(".earlier.json")
    if claim.is_file() and claim.read_bytes() != text and path.is_file():
        raise DataError(
            f"{path} goes on with other earlier answers than those that are there now.",
            hint=f"Remove {path} to have these turns asked anew.",
        )
    write_atomically(claim, [text])


def _drop(example: Example, arm: str, number: int) -> Drop:
    return Drop(
        id=example.id,
        stage=STAGE,
        reason=EARLIER_TURN,
        detail=f"turn {number}, {arm}: an earlier turn has no answer to go on with",
    )
