"""The round trip on the page: there where it was made, absent where not, and nothing of it is markup."""

from pathlib import Path

from made_run import build_run

from taco.gate.round_trip import WARNING, RoundTrip, Score
from taco.measure.bootstrap import Estimate
from taco.store.files import write_atomically

FOUND = RoundTrip(
    language="gl",
    sentences=1000,
    pool=7237,
    failed=3,
    seed=17,
    digest="4a359cfbf7f60ae0",
    engines=("loud <script>alert(1)</script>",),
    back_engines=("echo 1 gl-en",),
    intervals="percentile bootstrap",
    scores={
        "bleu": Score(
            unit="BLEU",
            better="higher",
            signature="BLEU|nrefs:1|version:2.6.0",
            estimate=Estimate(value=49.41, low=48.09, high=50.75, n=1000, method="bootstrap"),
            untranslated=4.8,
        )
    },
)


def test_the_page_shows_scores_signatures_and_the_warning(tmp_path: Path) -> None:
    made = build_run(tmp_path)
    write_atomically(tmp_path / "gate" / "round_trip.json", [FOUND.model_dump_json().encode()])
    page = made.report()
    assert 'id="round-trip"' in page and 'href="#round-trip"' in page
    for text in (
        "49.4",
        "[48.1, 50.8]",
        "4.8",
        "BLEU|nrefs:1|version:2.6.0",
        "4a359cfbf7f60ae0",
        WARNING,
        "echo 1 gl-en",
    ):
        assert text in page, text
    assert "3 of them did not come back" in page
    assert "<script" not in page and "loud &lt;script&gt;" in page
    assert made.content().round_trip == FOUND


def test_without_a_round_trip_there_is_no_chapter(tmp_path: Path) -> None:
    made = build_run(tmp_path)
    assert "round-trip" not in made.report()
    assert made.content().round_trip is None
