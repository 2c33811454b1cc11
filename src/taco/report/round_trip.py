"""The quality of the translations by a round trip, where the gate made one."""

from __future__ import annotations

from taco.gate.round_trip import RoundTrip, Score
from taco.report.content import Report
from taco.report.markup import Child, Html, element
from taco.report.tables import make_table
from taco.report.wording import write_count, write_interval, write_value


def show_round_trip(report: Report) -> Html | None:
    """Show the scores of the round trip with signatures and the warning; None where there was none."""
    found = report.round_trip
    if found is None:
        return None
    name = report.language.name
    signatures = [
        *((f"signature: {score.unit}", score.signature) for score in found.scores.values()),
        ("intervals", found.intervals),
        ("seed", str(found.seed)),
        ("digest of the sentences", found.digest),
        *((f"English to {name}", engine) for engine in found.engines),
        *((f"{name} to English", engine) for engine in found.back_engines),
    ]
    signed: list[list[Child]] = [[what, element("code", text)] for what, text in signatures]
    return element(
        "section",
        element("h2", "The translations, there and back"),
        element("p", _describe(found, name)),
        make_table(
            ["measure", "there and back", "interval", "not translated back"],
            [_list_score(score) for score in found.scores.values()],
            caption=f"English to {name} to English",
        ),
        element("p", found.warning),
        element(
            "details",
            element("summary", "Signatures"),
            make_table(["what", "value"], signed, caption="Signatures of the round trip"),
        ),
        id="round-trip",
    )


def _describe(found: RoundTrip, name: str) -> str:
    failed = f" {write_count(found.failed)} of them did not come back and count as empty." if found.failed else ""
    return (
        f"{write_count(found.sentences)} of {write_count(found.pool)} sentences of the kept rows, translated from {name} "
        f"back into English and held against the English they were made from.{failed} The last column holds the "
        f"{name} sentences themselves against the English ones: what scores without any translation back."
    )


def _list_score(score: Score) -> list[Child]:
    arrow = "↑" if score.better == "higher" else "↓"
    floor = "–" if score.untranslated is None else f"{score.untranslated:.1f}"
    unit = score.estimate
    return [f"{score.unit} {arrow}", write_value(unit, score.unit), write_interval(unit, score.unit), floor]
