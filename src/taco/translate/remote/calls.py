"""What is checked before an engine is called, and what its calls cost."""

from __future__ import annotations

from collections.abc import Sequence

from taco.errors import EngineRejected
from taco.translate.engine import Limits, Price


def check_size(engine: str, texts: Sequence[str], limits: Limits) -> None:
    """Check a call before it is made, as it will be sent.

    Raises:
        EngineRejected: It has too many texts or characters.
    """
    characters = sum(map(len, texts))
    if limits.texts_per_call is not None and len(texts) > limits.texts_per_call:
        raise EngineRejected(f"{engine} takes {limits.texts_per_call} texts in a call, not {len(texts)}.")
    if limits.characters_per_call is not None and characters > limits.characters_per_call:
        raise EngineRejected(f"{engine} takes {limits.characters_per_call} characters in a call, not {characters}.")


def make_price(usd_per_million_characters: float, list_price: float, source: str) -> Price:
    """Return a price and where it is from: the list, or the recipe where that says otherwise."""
    is_listed = usd_per_million_characters == list_price
    return Price(
        usd_per_million_characters=usd_per_million_characters,
        source=source if is_listed else "usd_per_million_characters in the recipe",
    )
