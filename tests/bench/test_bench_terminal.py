"""What the tables and the figure say of results."""

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from parallel_texts import PAIRS, STRUCTURED, RunBench, write_pairs
from rich.console import Console

from taco.bench.results import Results
from taco.bench.terminal import WIDTH, render_results


def show(results: Results) -> str:
    shown = io.StringIO()
    Console(file=shown, width=WIDTH, color_system=None).print(render_results(results))
    return shown.getvalue()


def test_the_best_comes_first_then_the_copy_then_what_failed(bench: RunBench) -> None:
    settings = ("bad.noise=0.7", "good.noise=0.1", "gone.missing=true")
    shown = show(bench("gone=noisy", "bad=noisy", "good=noisy", settings=settings))
    scores = shown[: shown.index("Differences")]
    places = [scores.index(f"│ {label} ") for label in ("good", "bad", "copy", "gone")]
    assert places == sorted(places)
    assert "gone failed: The engine noisy is not installed." in shown
    assert all(len(line) <= WIDTH for line in shown.splitlines())


def test_differences_are_better_minus_other_whatever_the_order_of_the_engines(bench: RunBench) -> None:
    settings = ("bad.noise=0.7", "good.noise=0.1")
    turned = show(bench("bad=noisy", "good=noisy", settings=settings))
    straight = show(bench("good=noisy", "bad=noisy", settings=settings, out="other"))
    for shown in (turned, straight):
        row = next(line for line in shown.splitlines() if "good − bad" in line)
        chrf, bleu, ter = row.split("│")[2:5]
        assert chrf.strip().startswith("+")
        assert bleu.strip().startswith("+")
        assert ter.strip().startswith("−")  # fewer edits


def test_prices_rates_structure_and_refusals_are_in_the_tables(bench: RunBench, tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "mixed.jsonl", [*PAIRS, *STRUCTURED])
    settings = ("loud.prefix=X", "noisy.refuse=seven", "noisy.noise=0.5")
    shown = show(bench("noisy", "loud=echo", settings=settings, file=path))
    for part in ("$20.00/M", "free", "50.0 → 100.0", "1 engine-refused", "chars/s", "texts/s"):
        assert part in shown
    assert "2 of 14 texts have structure" in shown


def test_a_run_from_memory_says_that_nothing_was_sent_and_has_no_speed(bench: RunBench) -> None:
    bench("noisy")
    shown = show(bench("noisy", out="other"))
    assert "0 of" in shown
    assert "chars/s" not in shown


def test_the_figure_is_an_svg_of_its_own_with_every_engine_that_has_scores(bench: RunBench, tmp_path: Path) -> None:
    bench("noisy", "a-b=echo", "gone=noisy", settings=("gone.missing=true",))
    root = ElementTree.parse(tmp_path / "out" / "scores-gl.svg").getroot()
    name_space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{name_space}svg"
    texts = {text.text for text in root.iter(f"{name_space}text")}
    assert {"noisy", "a-b"} <= texts
    assert "gone" not in texts
    assert any((text or "").startswith("source copied: ") for text in texts)
    whiskers = [line for line in root.iter(f"{name_space}line") if "whisker" in line.get("class", "")]
    assert whiskers
