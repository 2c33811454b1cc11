"""What a run was expected to send, held against what it did send."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from taco.errors import DataError
from taco.languages.table import Language
from taco.store.files import write_atomically
from taco.store.memory import Ledger
from taco.translate.engine import FREE, Engine
from taco.translate.estimate import estimate_with
from taco.translate.options import TranslateOptions

ROWS = 5000
"""Rows that an estimate is made from; of longer sources it is made from the first ones and scaled."""

FREE_ROWS = 250
"""The same where the engine costs nothing: the engine waits while the estimate is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What was expected of a run when it began.

    Attributes:
        characters, calls: What it would send.
        usd: What that would cost; None where the price is not known.
        seconds: How long it would take; None where the engine's speed is not known.
        characters_before, calls_before, usd_before: What had been sent in the name of this run before it began, by a run
            whose folder is gone: the ledger holds it, this run did not send it.
    """

    characters: int
    calls: int
    usd: float | None
    seconds: float | None
    characters_before: int = 0
    calls_before: int = 0
    usd_before: float = 0.0

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Read a forecast that was kept; None where there is none that can be read."""
        try:
            found = json.loads(path.read_bytes())
            return cls(**found)
        except (OSError, ValueError, TypeError):
            return None

    def keep(self, path: Path) -> None:
        """Keep it for the attempts after this one."""
        write_atomically(path, [json.dumps(asdict(self)).encode(), b"\n"])

    def compare(self, ledger: Ledger) -> str:
        """Say in a line what was expected and what came of it; calls that were lost or failed are in what came of it.

        >>> forecast = Forecast(characters=1200, calls=3, usd=0.024, seconds=None)
        >>> forecast.compare(Ledger(batches=4, segments=50, characters=1500, usd=0.03))
        'sent 1,500 characters in 4 calls for $0.03; expected 1,200 in 3 for $0.02'
        """
        characters, calls = ledger.characters - self.characters_before, ledger.batches - self.calls_before
        sent = f"sent {characters:,} characters in {calls:,} calls for ${ledger.usd - self.usd_before:,.2f}"
        usd = "an unknown price" if self.usd is None else f"${self.usd:,.2f}"
        line = f"{sent}; expected {self.characters:,} in {self.calls:,} for {usd}"
        if self.calls_before:
            line += (
                f"; {self.characters_before:,} had been sent before by a run of this name, for ${self.usd_before:,.2f}"
            )
        return line

    def list_counters(self) -> dict[str, int | float | str]:
        """Return it as the manifest has it, beside what was sent."""
        counters: dict[str, int | float | str] = {
            "characters_expected": self.characters,
            "calls_expected": self.calls,
        }
        counters |= {"characters_sent_before": self.characters_before} if self.calls_before else {}
        counters |= {} if self.usd is None else {"usd_expected": self.usd}
        return counters | ({} if self.seconds is None else {"seconds_expected": self.seconds})


def make_forecast(
    engine: Engine, options: TranslateOptions, *, source: Path, target: Language, memory: Path, before: Ledger
) -> Forecast | None:
    """Find out what a run that begins is going to send.

    Args:
        engine: The first engine of the chain; it is asked for nothing.
        options, source, target, memory: As for `estimate_translation`.
        before: What was sent in the run's name so far.

    Returns:
        None where a row is malformed: the stage says so when it comes to it, and keeps what it did before.
    """
    most = FREE_ROWS if engine.price == FREE else ROWS
    try:
        made = estimate_with(engine, options, source=source, target=target, memory=memory, most_rows=most)
    except DataError:
        return None
    return Forecast(
        characters=made.characters_to_send,
        calls=made.calls,
        usd=made.usd,
        seconds=made.seconds,
        characters_before=before.characters,
        calls_before=before.batches,
        usd_before=before.usd,
    )
