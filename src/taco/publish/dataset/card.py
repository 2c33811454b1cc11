"""The card: README.md of a data set, every number of it from the manifests of the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taco import __version__
from taco.chain.formats import find_template
from taco.languages.table import find_language
from taco.publish.dataset.columns import CHAINS, CONFIGURATIONS, PARALLEL
from taco.publish.dataset.counts import render_counts, render_gate
from taco.publish.dataset.entry import LanguageEntry, find_source_path
from taco.publish.dataset.front_matter import render_front_matter
from taco.publish.dataset.lineage import combine_entries, render_lineage
from taco.publish.dataset.markdown import code, escape, fence, shorten, table
from taco.publish.dataset.recipe_file import recipe_place
from taco.publish.dataset.rows import show_origin
from taco.store.manifest import Manifest

NAMED = 3
"""Languages that the first sentence names; more are counted."""

SAMPLES = 5
"""Languages of which the card shows a row."""

SAMPLE_CHARACTERS = 600
"""Characters of a field that it shows."""

CITATION = """@misc{upadhayay2023taco,
  title = {{TaCo}: Enhancing Cross-Lingual Transfer for Low-Resource Languages in {LLMs} through Translation-Assisted
           Chain-of-Thought Processes},
  author = {Upadhayay, Bibek and Behzadan, Vahid},
  year = {2023},
  eprint = {2311.10797},
  archivePrefix = {arXiv}
}"""

_WEAKNESSES = """- The texts in {languages} are machine translations that no human has read. They hold what machine
  translations hold: wrong senses, lost agreement, words left in English, a style that nobody writes.
- Rows that translation spoils by nature (spelling, rhyme, word play) are recognised by rules, so not all of them are.
- Questions, names and customs are those of the English source; nothing here is about the places where {languages} is spoken.
- The figures of the rows are automatic. They find broken rows; they do not tell a good translation from a fair one.
- The test rows are translations too. A score on them says how well a model imitates this translator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLanguage:
    """One language, as the card shows it.

    Attributes:
        entry: What was written.
        manifest: The manifest of its run.
        sample: Column of the chains -> value of the first row.
    """

    entry: LanguageEntry
    manifest: Manifest
    sample: Mapping[str, str]


def render_card(name: str, languages: Sequence[CardLanguage], *, pyarrow: str) -> str:
    """Return the card.

    Args:
        name: The data set's name.
        languages: In the order in which they are shown.
        pyarrow: Version of pyarrow that wrote the shards.
    """
    entries = [shown.entry for shown in languages]
    manifests = {find_language(shown.entry.language).name: shown.manifest for shown in languages}
    sources = [find_source_path(manifest) for manifest in manifests.values()]
    licence = combine_entries(entries)
    sections = {
        "": _introduce(name, entries),
        "Load it": _show_loading(entries[0].language),
        "Languages": _list_languages(languages),
        "Columns": _list_columns(),
        "How it was made": _tell_making(languages),
        "Rows in, rows kept, rows dropped": render_counts(manifests),
        "Quality gate": render_gate(manifests),
        "Known weaknesses": _list_weaknesses(entries),
        "Licence": render_lineage(entries, sources=sources),
        "Samples": _show_samples(languages),
        "Reproduce it": _tell_reproducing(entries[0].language, pyarrow),
        "Citation": f"The method and the form of the chains:\n\n{fence(CITATION, language='bibtex')}",
    }
    body = "\n\n".join(f"## {title}\n\n{text}" if title else text for title, text in sections.items() if text)
    return f"{render_front_matter(name, entries, sources=sources, licence=licence)}\n{body}\n"


def _introduce(name: str, entries: Sequence[LanguageEntry]) -> str:
    rows = sum(sum(entry.rows.values()) for entry in entries)
    engines = ", ".join(
        code(shorten(engine, 200)) for engine in sorted({e for entry in entries for e in entry.engines})
    )
    return (
        f"# {escape(name)}\n\n"
        f"{rows:,} English instructions with their responses, machine-translated into {_name_languages(entries)}, and rendered "
        "as translation-assisted chains of thought (TaCo): a model that learns them first translates the instruction into "
        f"English, answers in English, and then says the answer in the language that it was asked in.\n\nTranslated by "
        f"{engines}. No human has checked the translations."
    )


def _name_languages(entries: Sequence[LanguageEntry]) -> str:
    names = [find_language(entry.language).name for entry in entries]
    if len(names) > NAMED:
        return f"{len(names)} languages"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _show_loading(language: str) -> str:
    chains, parallel = CHAINS.name(language), PARALLEL.name(language)
    program = (
        "from datasets import load_dataset\n\n"
        f'chains = load_dataset("FOLDER OR HUB ID", "{chains}", split="train")      # instruction, input, output\n'
        f'texts = load_dataset("FOLDER OR HUB ID", "{parallel}", split="train")\n\n'
        "# Row n of one is row n of the other, so the chains can be chosen by what is known of their texts:\n"
        'sure = [n for n, share in enumerate(texts["unknown_share"]) if share is not None and share < 0.05]\n'
        "chains = chains.select(sure)"
    )
    return fence(program, language="python")


def _list_languages(languages: Sequence[CardLanguage]) -> str:
    titles = (
        "configuration",
        "language",
        "own name",
        "script",
        "direction",
        "train",
        "test",
        "words unknown to the engine",
    )
    return table(titles, [_describe_language(shown) for shown in languages])


def _describe_language(shown: CardLanguage) -> tuple[str, ...]:
    language, rows = find_language(shown.entry.language), shown.entry.rows
    counters = shown.manifest.stages["translate"].counters
    words, unknown = int(counters.get("words", 0)), int(counters.get("unknown_words", 0))
    return (
        code(CHAINS.name(language.code)),
        language.name,
        escape(language.autonym),
        language.script,
        language.direction,
        f"{rows.get('train', 0):,}",
        f"{rows.get('test', 0):,}",
        f"{unknown / words:.1%}" if words else "not counted",
    )


def _list_columns() -> str:
    parts = []
    for config in CONFIGURATIONS:
        rows = [(code(column.name), column.kind, escape(column.meaning)) for column in config.columns]
        heading = f"{code(config.name('LANGUAGE'))}: {escape(config.meaning)}."
        parts.append(f"{heading}\n\n{table(('column', 'type', 'what it holds'), rows)}")
    return "\n\n".join(parts)


def _tell_making(languages: Sequence[CardLanguage]) -> str:
    manifest = languages[0].manifest
    template = str(manifest.stages["chain"].counters.get("template", ""))
    sources = sorted({find_source_path(shown.manifest) for shown in languages})
    named = ", ".join(code(show_origin(source)) for source in sources)
    target = find_language(languages[0].entry.language)
    about = "" if len(languages) == 1 else f", here for {target.name},"
    system = find_template(template.rpartition(" v")[0]).system(target) if template else ""
    shown = template.rpartition("/")[2]  # of a file its name alone: its folder tells strangers about a machine
    return (
        f"Made by taco {__version__}, seed {manifest.seed}.\n\n"
        f"1. English rows were read from {named}, brought into one form, and the test rows were set apart.\n"
        "2. Instructions, inputs and responses were translated; code, links, placeholders, numbers and layout were kept "
        "out of the translator's reach, and rows in which they did not come back were dropped.\n"
        f"3. Each row was rendered as a chain with the template {code(shown)}. The system message that belongs to "
        f"it{about} is:\n\n{fence(system)}"
    )


def _list_weaknesses(entries: Sequence[LanguageEntry]) -> str:
    named = find_language(entries[0].language).name if len(entries) == 1 else "these languages"
    return _WEAKNESSES.format(languages=named)


def _show_samples(languages: Sequence[CardLanguage]) -> str:
    parts = ["The first row of each language" + (f", of the first {SAMPLES}." if len(languages) > SAMPLES else ".")]
    for shown in languages[:SAMPLES]:
        fields = [
            f"{code(column)}\n\n{fence(shorten(value, SAMPLE_CHARACTERS))}"
            for column, value in shown.sample.items()
            if value
        ]
        parts.append(f"### {find_language(shown.entry.language).name}\n\n" + "\n\n".join(fields))
    return "\n\n".join(parts)


def _tell_reproducing(language: str, pyarrow: str) -> str:
    return (
        f"{fence(f'taco dataset {recipe_place(language)}', language='sh')}\n\n"
        f"The folder {code('recipes')} holds a recipe for each language, with every option that decides its rows. With the "
        "same source, translation memory and engine (the memory knows it by its signature, so the versions count), and "
        f"taco {__version__} and pyarrow {pyarrow}, the files under {code('data')} come out the same, byte for byte: "
        f"{code('sha256sum --check SHA256SUMS')} tells. What differs from run to run, such as what had to be sent to an "
        f"engine, is under {code('run')}."
    )
