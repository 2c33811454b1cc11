"""The card of a tuned model: every number in it from the run's manifest and its scores."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from taco import __version__
from taco.evaluate.metric import Metric
from taco.evaluate.scores import Scores
from taco.languages.table import Language
from taco.publish.dataset.card import CITATION
from taco.publish.dataset.counts import render_counts
from taco.publish.dataset.markdown import code, escape, fence, table
from taco.publish.dataset.rows import show_origin
from taco.publish.model.lineage import Lineage, render_lineage
from taco.report.wording import write_interval, write_value
from taco.store.manifest import Manifest

LICENCE_FILE = "LICENSE.md"

TRAINED = (
    "rows",
    "steps",
    "epochs",
    "final_loss",
    "supervised_tokens",
    "tokens",
    "seconds",
    "tokens_per_s",
    "threads",
    "peak_rss_mb",
)
"""Counters of the train stage that the card shows, where the manifest has them."""

_WEAKNESSES = """- It learnt from machine translations that no human has read, and writes {language} as they do.
- The measures compare its answers with machine translations of reference answers. They tell a broken answer from a whole
  one; they do not tell a good one from a fair one. No human has judged the answers.
- It may state falsehoods fluently, in both languages; the English response in its answers is not checked by anything.
- It answers in three sections; a program that shows its answers to users wants the last one."""

_DOUBT = (
    "**The run's recipe, rows or version of taco changed after this adapter was tuned: settings, rows and licences on this "
    "card may not be its own.**"
)

Holding = Literal["tuned", "base", "rows"]
"""Whether files are of the tuned model, of the base alone, or rows and settings to tune one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What the card says about the files.

    Attributes:
        name: The model's name.
        language: The target language.
        about: What the files are for, as a phrase.
        use: How to run them: commands or a program.
        use_language: What `use` is written in, for a reader's colours.
        prompt: A prompt in the exact form of training, special tokens spelled out; "" to leave it out.
        library: The hub's name of the library that loads the files; "" for none.
        base_digest: SHA-256 of the base model's weights.
        holds: What the files are of.
    """

    name: str
    language: Language
    about: str
    use: str
    use_language: str
    prompt: str
    library: str
    base_digest: str
    holds: Holding = "tuned"


def render_texts(
    facts: ModelFacts,
    *,
    manifest: Manifest,
    lineage: Lineage,
    scores: Scores | None,
    outdated: Collection[str] = (),
) -> dict[str, str]:
    """Return what is said about a model: file -> text of the card and of the licences.

    Args:
        facts: What the files are.
        manifest: The run's manifest.
        lineage: Where the model comes from.
        scores: The run's scores; None where it was not evaluated.
        outdated: The stages of the run that are of other settings or inputs than the manifest tells of.
    """
    language = escape(facts.language.name)
    licences = render_lineage(lineage)
    sections = {
        "": _introduce(facts, lineage),
        "Use it": fence(facts.use, language=facts.use_language),
        "The prompt": _show_prompt(facts),
        "Scores": _show_scores(scores, outdated),
        "Training": _tell_training(manifest, facts, outdated),
        "Rows in, rows kept, rows dropped": render_counts({language: manifest}),
        "Known weaknesses": _WEAKNESSES.format(language=language),
        "Licence": licences,
        "Citation": f"The method and the form of the chains:\n\n{fence(CITATION, language='bibtex')}",
    }
    body = "\n\n".join(f"## {title}\n\n{text}" if title else text for title, text in sections.items() if text)
    licence_file = f"# Licence of this model\n\n{licences}\n"
    return {"README.md": f"{_render_front_matter(facts, lineage)}\n{body}\n", LICENCE_FILE: licence_file}


def _render_front_matter(facts: ModelFacts, lineage: Lineage) -> str:
    hub = lineage.combination.hub
    fields: dict[str, object] = {"license": hub}
    if hub == "other":
        fields |= {"license_name": "mixed", "license_link": LICENCE_FILE}
    fields |= {
        "language": [facts.language.iso639_1 or facts.language.iso639_3, "en"],
        **({"base_model": lineage.base} if lineage.is_base_on_hub else {}),  # the hub refuses other names there
        "pipeline_tag": "text-generation",
        "tags": ["taco", "low-resource-languages", "chain-of-thought"],
    }
    if facts.library:
        fields["library_name"] = facts.library
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items())
    return "\n".join(["---", *lines, "---", ""])


def _introduce(facts: ModelFacts, lineage: Lineage) -> str:
    language, base = escape(facts.language.name), code(lineage.base)
    tuned = {
        "tuned": f"{base}, tuned to answer in {language}",
        "base": f"{base} as it is, to be run with an adapter beside it that lets it answer in {language}",
        "rows": f"Rows and settings to tune {base} with, so that it answers in {language}",
    }
    return (
        f"# {escape(facts.name)}\n\n{tuned[facts.holds]} by translation-assisted chains of thought (TaCo): it first writes "
        f"the question in English, then an answer in English, then the answer in {language}.\n\nThese files: "
        f"{escape(facts.about)}. Made by taco {__version__}."
    )


def _show_prompt(facts: ModelFacts) -> str:
    if not facts.prompt:
        return ""
    return (
        "The model was tuned on exactly this form; another one, or a missing system message, makes it worse.\n\n"
        f"{fence(facts.prompt)}"
    )


def _show_scores(scores: Scores | None, outdated: Collection[str]) -> str:
    if scores is None:
        return "The run was not evaluated."
    if {"generate", "evaluate"} & set(outdated):
        return (
            "The run's scores are of another adapter, other settings or another version of taco, so they are left out."
        )
    rows = [cells for metric in scores.metrics for cells in _list_cells(scores, metric)]
    note = (
        f"{scores.rows} held-out rows, machine translations; in brackets {100 * scores.bootstrap.confidence:g} % bootstrap "
        "intervals. Measured on the adapter beside the base model by taco's own decoding, not on the files of this folder."
    )
    signatures = [(escape(name), code(value)) for name, value in sorted(scores.signatures.items())]
    titles = ("measure", "better", "base", "tuned", "tuned − base")
    return "\n\n".join([note, table(titles, rows), table(("made by", "signature"), signatures)])


def _list_cells(scores: Scores, metric: Metric) -> Iterator[tuple[str, ...]]:
    arms = [scores.arms[name].metrics.get(metric.name) if name in scores.arms else None for name in ("base", "tuned")]
    cells = [f"{write_value(one, metric.unit)} {write_interval(one, metric.unit)}".strip() for one in arms]
    change = scores.differences.get(metric.name)
    changed = f"{write_value(change, metric.unit, is_difference=True)} {write_interval(change, metric.unit, is_difference=True)}"
    yield (escape(metric.title), metric.better, *map(escape, cells), escape(changed.strip()))


def _tell_training(manifest: Manifest, facts: ModelFacts, outdated: Collection[str]) -> str:
    entry = manifest.stages["train"]
    counters = [(escape(name), escape(str(entry.counters[name]))) for name in TRAINED if name in entry.counters]
    rows = [
        ("seed", str(manifest.seed)),
        ("training rows", f"{entry.rows_kept:,}"),
        *counters,
        ("SHA-256 of the base's weights", facts.base_digest),
        *((escape(name), code(version)) for name, version in sorted(manifest.versions.items())),
    ]
    settings = _flatten(manifest.recipe.get("train"))
    shown = [(code(f"train.{name}"), code(str(_hide_folders(value)))) for name, value in settings if value is not None]
    doubt = [_DOUBT] if "train" in outdated else []
    return "\n\n".join([*doubt, table(("what", "value"), rows), table(("setting", "value"), shown)])


def _flatten(settings: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            if isinstance(value, Mapping):
                yield from _flatten(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", value


def _hide_folders(value: object) -> object:
    """Return a setting without the folders of files and other runs: they tell strangers about a machine."""
    if isinstance(value, Mapping):
        return {name: _hide_folders(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hide_folders(inner) for inner in value]
    return show_origin(value) if isinstance(value, str) else value
