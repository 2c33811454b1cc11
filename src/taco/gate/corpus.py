"""The round trip of a corpus as a step of the stage, and what translating back cost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from taco.gate.back import open_back, read_ledger
from taco.gate.options import CorpusRoundTripOptions
from taco.gate.round_trip import RoundTrip, score_sample, translate_sample, write_round_trip
from taco.gate.sentences import sample_sentences
from taco.languages.table import Language
from taco.progress import Progress
from taco.records import TranslatedRow
from taco.translate.run import Means


def run_corpus_round_trip(
    options: CorpusRoundTripOptions,
    *,
    rows: Iterable[TranslatedRow],
    out: Path,
    target: Language,
    back: Means,
    seed: int,
    progress: Progress,
) -> dict[str, int | float | str]:
    """Translate sentences of rows back, score them, write round_trip.json and round_trip.jsonl; return the counters.

    Args:
        options: How many sentences.
        rows: Rows to draw them from.
        out: The stage's folder.
        target: The language of the translations.
        back: How to translate back.
        seed: Of sample and bootstrap.
        progress: Where to say how far it is.

    Raises:
        EngineError: The engine is missing or cannot go on.
        BudgetError: The budget is spent.
    """
    sample = sample_sentences(rows, limit=options.sentences, seed=seed)
    title, total = f"Translating back from {target.name}", len(sample.sentences)
    with (
        progress.task(title, total=total, unit="sentences") as task,
        open_back(back, source=target, progress=progress, task=task) as translator,
    ):
        texts = translate_sample(sample, translator)
    with progress.task("Scoring the round trip", total=total, unit="sentences") as task:
        found = score_sample(
            sample,
            texts,
            target=target,
            seed=seed,
            resamples=options.bootstrap_samples,
            back_engines=list(translator.engines),
            task=task,
        )
    write_round_trip(out, found, sample, texts)
    return _sum_up(found)


def _sum_up(found: RoundTrip) -> dict[str, int | float | str]:
    scores = {f"round_trip_{name}": score.estimate.value for name, score in found.scores.items()}
    figures: dict[str, int | float | str] = {name: value for name, value in scores.items() if value is not None}
    return {"round_trip_sentences": found.sentences, "round_trip_failed": found.failed, **figures}


def count_sent(back: Means, target: Language) -> dict[str, int | float | str]:
    """Return for the manifest what was sent to translate back."""
    ledger = read_ledger(back, target)
    return {
        "texts_sent": ledger.segments,
        "texts_lost": ledger.lost_segments,
        "characters_sent": ledger.characters,
        "characters_lost": ledger.lost_characters,
        "cost_usd": round(ledger.usd, 6),
    }
