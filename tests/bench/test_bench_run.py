"""A whole bench with fakes: scores, rows for failures, memory, kill and resume, what is written."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import noisy_engine
import pytest
from parallel_texts import PAIRS, STRUCTURED, RunBench, write_pairs
from sacrebleu.metrics import BLEU, CHRF, TER

from taco.bench.options import Corpus
from taco.bench.results import EngineResult, LanguageResult, Results, Segment
from taco.store.jsonl import read_records


def find(results: Results, label: str) -> EngineResult:
    return next(engine for engine in results.languages[0].engines if engine.label == label)


def read_segments(folder: Path) -> list[Segment]:
    return list(read_records(folder / "segments.jsonl", Segment))


def compare(language: LanguageResult, first: str, second: str, measure: str) -> tuple[float, float]:
    found = [
        pair for pair in language.comparisons if (pair.first, pair.second, pair.measure) == (first, second, measure)
    ]
    value, p_value = found[0].difference.value, found[0].p_value
    assert value is not None
    assert p_value is not None
    return value, p_value


def test_scores_are_sacrebleus_over_what_was_written(bench: RunBench, tmp_path: Path) -> None:
    results = bench("noisy", "echo", settings=("noisy.noise=0.3",))
    segments = read_segments(tmp_path / "out")
    references = [[segment.reference for segment in segments]]
    own = {"chrf": CHRF(word_order=2), "bleu": BLEU(), "ter": TER()}
    for label in ("noisy", "echo", "copy"):
        outputs = [segment.outputs[label].text for segment in segments]
        scores = find(results, label).scores
        for name, scorer in own.items():
            assert scores[name].value == pytest.approx(scorer.corpus_score(outputs, references).score, abs=1e-5)
    signatures = [measure.signature for measure in results.languages[0].measures]
    assert signatures == [
        f"{name}|{scorer.get_signature()}"
        for name, scorer in zip(("chrF2++", "BLEU", "TER"), own.values(), strict=True)
    ]


def test_the_better_engine_is_told_from_the_worse_and_equal_ones_are_not(bench: RunBench) -> None:
    results = bench("good=noisy", "bad=noisy", "echo", settings=("good.noise=0.1", "bad.noise=0.6"))
    language = results.languages[0]
    difference, p_value = compare(language, "good", "bad", "chrf")
    assert difference < -10
    assert p_value < 0.05
    assert compare(language, "echo", "copy", "chrf") == (0.0, 1.0)
    assert len(language.comparisons) == 3 * (4 * 3 // 2)


def test_no_measure_that_a_script_cannot_bear(bench: RunBench, tmp_path: Path) -> None:
    from taco.languages.table import find_language

    path = write_pairs(tmp_path / "th.jsonl", [("The sky is blue.", "ท้องฟ้าเป็นสีฟ้า")] * 3, language="th")
    thai = bench("echo", file=path, languages=(find_language("th"),)).languages[0]
    assert [measure.unit for measure in thai.measures] == ["chrF++", "BLEU"]
    assert "tok:char" in thai.measures[1].signature
    assert "TER is left out" in thai.note
    to_english = bench("echo", file=path, languages=(find_language("th"),), direction="to").languages[0]
    assert [measure.unit for measure in to_english.measures] == ["chrF++", "BLEU", "TER"]


def test_a_missing_engine_and_one_that_breaks_off_are_rows_with_reasons(bench: RunBench, tmp_path: Path) -> None:
    settings = ("gone.missing=true", "tired.breaks_at=2")
    results = bench("gone=noisy", "tired=noisy", "echo", settings=settings)
    gone, tired, echo = (find(results, label) for label in ("gone", "tired", "echo"))
    assert gone.failure == "The engine noisy is not installed.\nInstall it."
    assert (gone.scores, gone.signature, gone.cost) == ({}, "", None)
    assert "The quota is used up." in tired.failure
    assert tired.fresh == 4
    assert echo.scores
    assert set(read_segments(tmp_path / "out")[0].outputs) == {"echo", "copy"}


def test_a_refusal_counts_as_an_empty_translation_and_is_counted(bench: RunBench, tmp_path: Path) -> None:
    refusing = find(bench("noisy", settings=("noisy.refuse=seven",)), "noisy")
    assert refusing.faults == {"engine-refused": 1}
    whole = find(bench("noisy", out="other"), "noisy")
    assert whole.scores["chrf"].value == pytest.approx(100)
    assert refusing.scores["chrf"].value is not None
    assert refusing.scores["chrf"].value < 95
    assert [segment.outputs["noisy"].text for segment in read_segments(tmp_path / "out")].count("") == 1


def test_structure_of_raw_answers_and_after_the_ladder(bench: RunBench, tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "structured.jsonl", [*STRUCTURED, *PAIRS[:2]])
    results = bench("loud=echo", settings=("loud.prefix=X",), file=path)
    structure = find(results, "loud").structure
    assert structure is not None
    assert structure.texts == 2
    # "XRun `Xls -Xl` Xin ~/Xsrc, {Xname}." is broken, "- Xmilk" and "- 3 Xeggs" are not.
    assert structure.raw.value == pytest.approx(0.5)
    assert structure.repaired.value == pytest.approx(1.0)
    first = read_segments(tmp_path / "out")[0].outputs["loud"]
    assert first.raw == "XRun `Xls -Xl` Xin ~/Xsrc, {Xname}."
    assert first.raw_fault == "span-lost"
    assert first.text == "XRun `ls -l` Xin ~/src, {name}."


def test_code_that_a_raw_answer_translates_is_broken_structure(bench: RunBench, tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "code.jsonl", [("Look:\n```\nfor x in y\n```", "Mira:\n```\nfor x in y\n```")])
    results = bench("loud=echo", settings=("loud.prefix=X",), file=path)
    output = read_segments(tmp_path / "out")[0].outputs["loud"]
    assert output.raw_fault == "block-changed"
    assert output.text == "XLook:\n```\nfor x in y\n```"
    assert find(results, "loud").faults == {}


def test_unknown_words_prices_and_speed(bench: RunBench) -> None:
    noisy = find(bench("noisy", settings=("noisy.noise=0.5",), limit=6), "noisy")
    assert 0.2 < noisy.unknown_words / noisy.words < 0.8
    characters = sum(len(text) for text, _ in PAIRS)
    assert noisy.cost is not None
    assert noisy.cost.file_usd == pytest.approx(characters * noisy_engine.USD_PER_MILLION / 1e6, abs=1e-6)
    assert 0 < noisy.cost.spent_usd < noisy.cost.file_usd
    assert noisy.speed is not None
    assert (noisy.fresh, noisy.requests, noisy.speed.texts) == (6, 6, 6)
    assert noisy.speed.texts_per_second == pytest.approx(6 / noisy.speed.seconds, rel=0.01)


def test_the_second_run_sends_nothing_and_a_fresh_one_everything(bench: RunBench, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    settings = (f"noisy.journal='{journal}'", "noisy.noise=0.3")
    first = find(bench("noisy", settings=settings), "noisy")
    assert (first.fresh, len(journal.read_text().splitlines())) == (12, 12)
    second = find(bench("noisy", settings=settings), "noisy")
    assert (second.fresh, second.requests, len(journal.read_text().splitlines())) == (0, 12, 12)
    assert second.scores == first.scores
    assert second.speed == first.speed  # still that of the calls that were made
    assert find(bench("noisy", settings=settings, out="other"), "noisy").speed is None
    third = find(bench("noisy", settings=settings, is_fresh=True), "noisy")
    assert (third.fresh, len(journal.read_text().splitlines())) == (12, 24)
    assert third.speed != first.speed
    assert third.scores == first.scores
    assert not list((tmp_path / "out").glob("fresh-*"))


def test_what_a_fresh_run_paid_for_is_remembered(bench: RunBench, tmp_path: Path) -> None:
    bench("noisy", is_fresh=True)
    assert find(bench("noisy", out="other"), "noisy").fresh == 0


def test_the_budget_stops_an_engine_but_not_the_bench(bench: RunBench) -> None:
    results = bench("noisy", "echo", budget_usd=0.005)
    assert "of 0.005 USD are spent" in find(results, "noisy").failure
    assert 0 < find(results, "noisy").fresh < 12
    cost = find(results, "noisy").cost
    assert cost is not None
    assert cost.spent_usd <= 0.005
    assert find(results, "echo").scores


PROGRAM = """
import sys
from pathlib import Path
from taco.registry import Entry
from taco.translate.engine import ENGINES
ENGINES._entries["noisy"] = Entry("noisy_engine:NoisyOptions", "noisy_engine:open_noisy")
sys.argv[0] = "taco"
from taco.cli.app import main
main()
"""


@pytest.mark.parametrize("fresh", [[], ["--fresh"]])
def test_a_killed_bench_goes_on_and_sends_one_batch_again_at_most(
    bench: RunBench, tmp_path: Path, parallel: Path, fresh: list[str]
) -> None:
    journal = tmp_path / "journal"
    command = [
        sys.executable,
        "-c",
        PROGRAM,
        "bench-mt",
        "--language",
        "gl",
        "--engines",
        "noisy",
        "--json",
        "-q",
        *fresh,
    ]
    command += ["--file", str(parallel), "--out", str(tmp_path / "out"), "--memory", str(tmp_path / "memory.sqlite")]
    command += ["--option", f"noisy.journal='{journal}'", "--samples", "100", "--option", "noisy.noise=0.3"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(noisy_engine.__file__).parent)])}

    killed = subprocess.run([*command, "--option", "noisy.dies_at=2"], env=env, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    resumed = subprocess.run(command, env=env, capture_output=True, check=True)
    results = Results.model_validate_json(resumed.stdout)

    sent = journal.read_text().splitlines()
    assert set(sent) == {text for text, _ in PAIRS}
    assert len(sent) == len(PAIRS) + 4  # the batch that was in flight, once more
    assert find(results, "noisy").fresh == len(PAIRS)
    speed = find(results, "noisy").speed
    assert speed is not None
    assert speed.texts == len(PAIRS)  # the calls of both attempts
    assert not list((tmp_path / "out").glob("run-key"))


def test_equal_runs_differ_in_times_only(bench: RunBench, tmp_path: Path) -> None:
    first = bench("noisy", "echo", settings=("noisy.noise=0.3",), limit=7, seed=3)
    second = bench("noisy", "echo", settings=("noisy.noise=0.3",), limit=7, seed=3, out="other")
    assert first.languages[0].comparisons == second.languages[0].comparisons
    assert (tmp_path / "out" / "segments.jsonl").read_bytes() == (tmp_path / "other" / "segments.jsonl").read_bytes()
    third = bench("noisy", "echo", settings=("noisy.noise=0.3",), limit=7, seed=4)
    assert first.languages[0].engines != third.languages[0].engines


def test_the_form_of_the_results_is_stable(bench: RunBench, tmp_path: Path) -> None:
    """Other people's programs read this file: a change here needs a higher `SCHEMA`."""
    bench("noisy", "gone=noisy", settings=("gone.missing=true",))
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert results["schema_version"] == 1
    assert sorted(results) == [
        "bootstrap", "created_at", "direction", "inputs", "is_fresh", "languages", "limit", "schema_version", "seed",
        "signatures", "versions",
    ]  # fmt: skip
    language = results["languages"][0]
    assert sorted(language) == [
        "characters", "comparisons", "engines", "file_characters", "file_texts", "language", "measures", "name", "note",
        "texts",
    ]  # fmt: skip
    engine = language["engines"][0]
    assert sorted(engine) == [
        "cost", "engine", "failure", "faults", "fresh", "label", "repaired", "requests", "scores", "signature", "speed",
        "structure", "unknown_words", "words",
    ]  # fmt: skip
    assert sorted(engine["scores"]["chrf"]) == ["high", "low", "method", "missing", "n", "unscored", "value"]
    assert sorted(engine["speed"]) == [
        "characters", "characters_per_second", "ended_at", "seconds", "texts", "texts_per_second",
    ]  # fmt: skip
    assert sorted(engine["cost"]) == ["file_usd", "source", "spent_usd", "usd_per_million_characters"]
    assert sorted(language["comparisons"][0]) == ["difference", "first", "measure", "p_value", "second"]
    assert len(results["inputs"]["parallel.jsonl"]) == 64
    assert str(tmp_path) not in json.dumps(results)


def test_inputs_of_the_same_name_are_told_apart(bench: RunBench, tmp_path: Path) -> None:
    for folder, text in (("en", "The sky is blue.\n"), ("gl", "O ceo é azul.\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "dev.txt").write_text(text, encoding="utf-8")
    corpus = Corpus(source=tmp_path / "en" / "dev.txt", reference=tmp_path / "gl" / "dev.txt")
    assert sorted(bench("echo", corpus=corpus).inputs) == ["en/dev.txt", "gl/dev.txt"]


def test_no_secret_reaches_the_folder(bench: RunBench, tmp_path: Path) -> None:
    bench("noisy", settings=("noisy.key=geheim123",))
    for path in (tmp_path / "out").iterdir():
        assert b"geheim123" not in path.read_bytes()


@pytest.mark.embedded
def test_apertium_on_the_declaration_of_human_rights(bench: RunBench, udhr: Path) -> None:
    results = bench("apertium", "echo", file=udhr, limit=8)
    apertium = find(results, "apertium")
    if apertium.failure:
        pytest.skip(f"needs Apertium with the pair en-gl: {apertium.failure}")
    difference, p_value = compare(results.languages[0], "apertium", "copy", "chrf")
    assert difference < -15  # English itself scores about 20, Apertium about 46 on all 50 paragraphs
    assert p_value < 0.05
    assert apertium.faults == {}
    assert apertium.speed is not None
    assert apertium.speed.texts == apertium.fresh == 8
