"""The `generate` stage: held-out prompts in, the answers of both arms out.

Each arm answers every held-out prompt, so a row counts once for each arm that the recipe asks:

    rows_in = held-out rows x arms = answers in base.jsonl + answers in tuned.jsonl + dropped

The file of an arm that is not asked is empty.

Answers are written as they are finished and those that are there are not made again; at the end each file is put into
the order of the held-out rows. Texts are the same each time; seconds, of course, are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

from taco.chain.parse import parse_chain
from taco.errors import DataError
from taco.generate.asking import answer_arm, choose_relay, open_asking
from taco.generate.backend import Setup
from taco.generate.options import GenerateOptions
from taco.generate.relay import Relay
from taco.languages.table import Language
from taco.model.options import ModelOptions
from taco.progress import Progress
from taco.records import ARMS, Answer, Drop, Example, Finish, RepairKind, StageCount
from taco.store.jsonl import read_records, write_records
from taco.translate.run import Means


def run_generate(
    options: GenerateOptions,
    *,
    model: ModelOptions,
    chain: Path,
    adapter: Path,
    out: Path,
    cache: Path,
    language: Language,
    progress: Progress,
    means: Means | None = None,
) -> StageCount:
    """Answer the held-out prompts with the base model alone and with the adapter.

    Args:
        options: The stage's settings.
        model: The base model.
        chain: Folder with heldout.jsonl (Example).
        adapter: Folder of the tuned adapter.
        out: Where base.jsonl, tuned.jsonl (Answer) and dropped.jsonl (Drop) go.
        cache: The cache folder.
        language: The target language.
        progress: Where to say how far it is.
        means: How texts are translated; needed where `options.mode` has an engine do a step.

    Raises:
        DataError: The held-out rows are missing or damaged, or two of them have the same id.
        ModelError: The model or the adapter cannot be used.
        RecipeError: The mode needs sections that the rows' chains do not have, or means that were not given.
        EngineError: The engine of a step is missing or cannot go on.
    """
    examples = _read_examples(chain / "heldout.jsonl")
    templates = {example.id: example.template for example in examples}
    relay = choose_relay(options, examples, means=means, language=language, progress=progress)
    used = adapter if "tuned" in options.arms else None
    setup = Setup(model=model, adapter=used, cache=cache, progress=progress)
    drops: list[Drop] = []
    kept = 0
    with open_asking(options, setup, language=language, relay=relay) as asking:
        counters: dict[str, int | float | str] = {"backend": asking.backend.signature}
        for arm in ARMS:
            if arm not in options.arms:
                write_records(out / f"{arm}.jsonl", [])
                continue
            answers, refused = answer_arm(arm, examples, asking=asking, path=out / f"{arm}.jsonl")
            kept += len(answers)
            drops += refused
            counters |= count_answers(answers, arm) | _count_relay(relay, answers, arm)
            if asking.guard_of(arm).is_on:
                counters |= count_repairs(answers, arm, template=templates, language=language)
    write_records(out / "dropped.jsonl", drops)
    return StageCount(
        rows_in=len(examples) * len(options.arms),
        rows_kept=kept,
        dropped=Counter(drop.reason for drop in drops),
        counters=counters,
    )


def count_answers(answers: Sequence[Answer], arm: str) -> dict[str, int | float | str]:
    """Sum up an arm's answers for the manifest.

    >>> count_answers([], "base")["base_tokens"]
    0
    """
    tokens = sum(answer.tokens for answer in answers)
    seconds = sum(answer.seconds for answer in answers)
    finishes = Counter(answer.finish for answer in answers)
    return {
        f"{arm}_tokens": tokens,
        f"{arm}_seconds": round(seconds, 3),
        f"{arm}_tokens_per_s": round(tokens / seconds, 1) if seconds else 0.0,
        **{f"{arm}_finish_{finish}": finishes[finish] for finish in get_args(Finish)},
        f"{arm}_led_out": sum(answer.lead_outs > 0 for answer in answers),
    }


def count_repairs(
    answers: Sequence[Answer], arm: str, *, template: Mapping[str, str], language: Language
) -> dict[str, int | float | str]:
    """Sum up what the guard did to an arm's answers, and how many chains are complete without it and with it.

    Args:
        answers: The answers.
        arm: Which arm's.
        template: Id -> name of the template.
        language: The target language.
    """
    repairs = [repair for answer in answers for repair in answer.repairs]
    kinds = {
        kind: sum(any(one.kind == kind for one in answer.repairs) for answer in answers)
        for kind in get_args(RepairKind)
    }
    states = Counter(
        parse_chain(
            answer.repaired, template=template[answer.id], language=language, finish=answer.repaired_finish
        ).state
        for answer in answers
    )
    return {
        **{f"{arm}_repaired_{kind}": count for kind, count in kinds.items()},
        f"{arm}_repaired": sum(bool(answer.repairs) for answer in answers),
        f"{arm}_complete": sum(answer.state == "complete" for answer in answers),
        f"{arm}_complete_with_repairs": states["complete"],
        f"{arm}_repair_tokens": sum(repair.tokens for repair in repairs),
        f"{arm}_repair_seconds": round(sum(repair.seconds for repair in repairs), 3),
    }


def _count_relay(relay: Relay, answers: Sequence[Answer], arm: str) -> dict[str, int | float | str]:
    if relay.mode == "chain":
        return {}
    parts = [part for answer in answers for part in answer.engine_parts]
    return {
        "mode": relay.mode,
        "mode_engines": " + ".join(sorted({part.engine for part in parts})),
        f"{arm}_engine_parts": len(parts),
    }


def _read_examples(path: Path) -> list[Example]:
    examples = list(read_records(path, Example))
    twice = [row_id for row_id, count in Counter(example.id for example in examples).items() if count > 1]
    if twice:
        raise DataError(
            f"{path} holds the row {twice[0]} more than once; {len(twice)} ids are not unique.",
            hint="Run the source stage again, which removes duplicates.",
        )
    return examples
