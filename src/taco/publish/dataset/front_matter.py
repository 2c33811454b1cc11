"""The YAML at the head of the card: what the hub and `datasets` read."""

from __future__ import annotations

from collections.abc import Sequence

from taco.languages.table import ENGLISH, find_language
from taco.publish.dataset.columns import CONFIGURATIONS
from taco.publish.dataset.entry import LanguageEntry
from taco.publish.dataset.licences import Combination

_HUB = "hf:"

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)
"""Rows that are fewer than -> the hub's name for the size."""


def render_front_matter(
    name: str, entries: Sequence[LanguageEntry], *, sources: Sequence[str], licence: Combination
) -> str:
    """Return the front matter, its two lines of dashes included.

    Args:
        name: The data set's name.
        entries: Its languages.
        sources: `source.path` of each recipe.
        licence: What the licences add up to.
    """
    import yaml

    targets = [find_language(entry.language) for entry in entries]
    # The hub's field takes ISO 639 codes, so the tag, which may have a script, has a field of its own.
    iso_codes = sorted({language.iso639_1 or language.iso639_3 for language in targets})
    named = {"license_name": "mixed", "license_link": "LICENSE.md"} if licence.hub == "other" else {}
    hub_sources = sorted({source.removeprefix(_HUB) for source in sources if source.startswith(_HUB)})
    fields = {
        "pretty_name": name,
        "language": ["en", *iso_codes],
        "language_bcp47": [ENGLISH.code, *(language.code for language in targets)],
        "license": licence.hub,
        **named,
        "language_creators": ["machine-generated"],
        "multilinguality": ["translation"],
        "size_categories": [name_size(sum(sum(entry.rows.values()) for entry in entries))],
        **({"source_datasets": hub_sources} if hub_sources else {}),
        "task_categories": ["text-generation", "translation"],
        "tags": ["taco", "instruction-tuning", "chain-of-thought", "machine-translated", "low-resource-languages"],
        "configs": [config for entry in entries for config in _list_configs(entry, is_only=len(entries) == 1)],
    }
    text: str = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{text}---\n"


def name_size(rows: int) -> str:
    """Return the hub's category for a number of rows.

    >>> name_size(999), name_size(1000)
    ('n<1K', '1K<n<10K')
    """
    return next((name for limit, name in SIZES if rows < limit), "1B<n<10B")


def _list_configs(entry: LanguageEntry, *, is_only: bool) -> list[dict[str, object]]:
    """Return the configurations of a language; the chains of the only language are what is loaded by default."""
    configs = []
    for number, config in enumerate(CONFIGURATIONS):
        place = config.place(entry.language)
        files = [{"split": split, "path": f"{place}/{split}-*.parquet"} for split in entry.rows]
        default = {"default": True} if is_only and number == 0 else {}
        configs.append({"config_name": config.name(entry.language), **default, "data_files": files})
    return configs
