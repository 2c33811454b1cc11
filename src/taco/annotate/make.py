"""Making a study: answers in, sheets and key out; see `taco.annotate.key` for the files."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path

from taco import __version__
from taco.annotate.design import Unit, deal, draw_questions, list_units, order
from taco.annotate.judged_texts import digest_text
from taco.annotate.key import KEY, SHEETS, Key, KeyItem, KeySheet, StudyInput, read_key, write_key
from taco.annotate.options import StudyOptions
from taco.annotate.page import build_page
from taco.annotate.sheet import Sheet, list_axes, make_item
from taco.annotate.spreadsheet import write_csv
from taco.errors import DataError, StoreError
from taco.evaluate.judge.submission import Submission
from taco.records import StageCount
from taco.store.files import write_atomically
from taco.store.run_folder import RunFolder


def run_make(
    options: StudyOptions, submissions: Sequence[Submission], *, inputs: Sequence[StudyInput], out: Path
) -> StageCount:
    """Deal answers out and write the sheets and their key.

    Args:
        options: How the study is set up.
        submissions: The answers of all systems.
        inputs: Where they are from.
        out: The study's folder.

    Returns:
        Rows are answers, or pairs of them; those on no sheet are dropped with their reason.

    Raises:
        DataError: There is nothing to rate.
        StoreError: Another study is in the folder, or it cannot be written.
    """
    units, left_out = list_units(submissions, options.mode)
    drawn = draw_questions(units, options.questions, options.seed)
    if len(drawn) < len(units):
        left_out["not-drawn"] = len(units) - len(drawn)
    if not drawn:
        what = "two different answers to the same question" if options.mode == "pair" else "an answer"
        raise DataError(f"There is nothing to rate: nowhere is {what}.")
    dealt = deal(drawn, options.raters, each=options.each, seed=options.seed)
    shown = {rater: order(dealt[rater], options.seed, rater) for rater in options.raters}
    key, sheets = build_study(options, submissions, shown, inputs=inputs, left_out=left_out)
    with RunFolder(out).lock():
        _check_folder(out, key)
        write_key(out, key)  # first: no sheet is ever there without what it can be read back with
        for sheet in sheets:
            write_atomically(out / SHEETS / f"{sheet.rater}.html", [build_page(sheet).encode()])
            write_atomically(out / SHEETS / f"{sheet.rater}.csv", [write_csv(sheet).encode()])
    return StageCount(
        rows_in=len(units) + sum(left_out.values()) - left_out["not-drawn"],
        rows_kept=len(drawn),
        dropped=left_out,
        counters={"sheets": len(sheets), "ratings": len(drawn) * options.each},
    )


def build_study(
    options: StudyOptions,
    submissions: Sequence[Submission],
    shown: dict[str, list[Unit]],
    *,
    inputs: Sequence[StudyInput],
    left_out: dict[str, int],
) -> tuple[Key, tuple[Sheet, ...]]:
    """Put key and sheets together.

    Args:
        options: How the study is set up.
        submissions: The answers of all systems.
        shown: Rater -> what is shown, in its order.
        inputs: Where the answers are from.
        left_out: Why answers are on no sheet -> how many.
    """
    systems = tuple(dict.fromkeys(one.system for one in submissions))
    study = _name_study(options, inputs)
    axes = list_axes(options)
    sheets = tuple(
        Sheet(
            study=study,
            rater=rater,
            mode=options.mode,
            instructions=options.instructions,
            axes=axes,
            items=tuple(
                make_item(number, unit, shows_reference=options.shows_reference)
                for number, unit in enumerate(units, start=1)
            ),
        )
        for rater, units in shown.items()
    )
    keys = tuple(
        KeySheet(
            rater=sheet.rater,
            digest=sheet.digest,
            items=tuple(_describe(number, unit, systems) for number, unit in enumerate(shown[sheet.rater], start=1)),
        )
        for sheet in sheets
    )
    key = Key(
        study=study,
        options=options,
        axes=axes,
        systems=systems,
        inputs=tuple(inputs),
        left_out=dict(left_out),
        sheets=keys,
        taco=__version__,
    )
    return key, sheets


def _describe(number: int, unit: Unit, systems: Sequence[str]) -> KeyItem:
    is_flipped = len(unit.answers) > 1 and systems.index(unit.systems[0]) > systems.index(unit.systems[1])
    straight = unit.flip() if is_flipped else unit
    first = straight.answers[0]
    return KeyItem(
        id=f"i{number}",
        question=first.id,
        category=first.category,
        language=first.language,
        turn=first.turn,
        systems=straight.systems,
        is_flipped=is_flipped,
        lengths=tuple(len(answer.answer) for answer in straight.answers),
        digests=tuple(digest_text(answer.answer) for answer in straight.answers),
    )


def _name_study(options: StudyOptions, inputs: Sequence[StudyInput]) -> str:
    """Return a code that says nothing: the start of a digest of the options, seed included, and of the inputs."""
    digests = sorted(digest for one in inputs for digest in one.digests.values())
    return hashlib.sha256("\n".join([options.model_dump_json(), *digests]).encode()).hexdigest()[:12]


def choose_seed(seed: int | None, out: Path) -> int:
    """Return the seed that was given, else that of the study in the folder, else one that is drawn.

    So the same command again makes the same sheets, also after a kill.

    Raises:
        DataError: The folder's key is damaged.
    """
    if seed is not None:
        return seed
    return read_key(out).options.seed if (out / KEY).exists() else secrets.randbits(32)


def _check_folder(out: Path, key: Key) -> None:
    """Refuse to overwrite another study's key, without which its ratings are worth nothing."""
    if (out / KEY).exists() and read_key(out).study != key.study:
        raise StoreError(
            f"{out} holds another study; its ratings could not be read without its key.",
            hint="Name another folder with --out.",
        )
