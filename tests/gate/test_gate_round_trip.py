"""There and back: what is sampled, sent, scored and written."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from gate_rows import GALICIAN, make_row, read_rows, translate_seed, write_rows
from sacrebleu.metrics import BLEU, CHRF, TER

from taco.errors import DataError, EngineError
from taco.gate.estimate import estimate_round_trip
from taco.gate.options import GateOptions
from taco.gate.round_trip import WARNING, RoundTrip, read_round_trip
from taco.gate.run import run_gate
from taco.gate.sentences import list_sentences, sample_sentences
from taco.languages.table import ENGLISH, Language
from taco.progress import SilentProgress
from taco.records import Figures, StageCount
from taco.store.jsonl import read_records
from taco.store.memory import TranslationMemory
from taco.translate.options import TranslateOptions
from taco.translate.run import Means, Payer

ECHO = {"back_engine": "echo"}
"""The fake engine says back what it gets."""


@pytest.fixture(scope="module")
def translated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return translate_seed(tmp_path_factory.mktemp("seed"))


def gate(translated: Path, out: Path, *, memory: Path, run: str = "a", seed: int = 17, **options: object) -> StageCount:
    chosen = GateOptions(**options)  # type: ignore[arg-type]
    back = Means(
        translate=chosen.choose_back(TranslateOptions(engine="echo")),
        memory=memory,
        payer=Payer(run=run, account="account"),
    )
    return run_gate(
        chosen,
        translated=translated,
        out=out,
        target=GALICIAN,
        seed=seed,
        back=back if chosen.asks_back else None,
        progress=SilentProgress(),
    )


def read(out: Path) -> RoundTrip:
    found = read_round_trip(out / "round_trip.json")
    assert found is not None
    return found


def test_sentences_of_a_line_are_paired() -> None:
    row = make_row(
        response_en="- The cat sleeps all day. It is very old.\n\nRun `ls` in the folder.\nYes.",
        response="- O gato dorme todo o día. É moi vello.\n\nExecuta `ls` no cartafol.\nSi.",
    )
    assert [(one.english, one.target) for one in list_sentences(row)] == [
        ("The cat sleeps all day.", "O gato dorme todo o día."),
        ("It is very old.", "É moi vello."),
        ("Run `ls` in the folder.", "Executa `ls` no cartafol."),
    ]
    joined = replace(row, response=row.response.replace("día. É", "día, é"))
    assert next(list_sentences(joined)).target == "O gato dorme todo o día, é moi vello."
    assert not list(list_sentences(replace(row, response="unha liña")))


def test_a_sample_does_not_depend_on_the_order_of_rows_and_changes_with_the_seed(translated: Path) -> None:
    rows = read_rows(translated / "train.jsonl")
    sample = sample_sentences(rows, limit=50, seed=17)
    assert len(sample.sentences) == 50 and sample.pool > 500
    backwards = sample_sentences(rows[::-1], limit=50, seed=17)
    assert backwards == sample
    assert sample_sentences(rows + rows, limit=50, seed=17).sentences == sample.sentences  # no sentence twice
    other = sample_sentences(rows, limit=50, seed=18)
    assert other.digest != sample.digest
    everything = sample_sentences(rows, limit=10_000, seed=17)
    assert {(one.english, one.target) for one in everything.sentences} == {
        (one.english, one.target) for row in rows for one in list_sentences(row)
    }


def test_scores_are_sacrebleus_own_with_signatures(translated: Path, tmp_path: Path) -> None:
    count = gate(translated, tmp_path / "out", memory=tmp_path / "memory", corpus_round_trip={"sentences": 40}, **ECHO)
    found = read(tmp_path / "out")
    rows = [json.loads(line) for line in (tmp_path / "out" / "round_trip.jsonl").read_text().splitlines()]
    backs, references = [row["back"] for row in rows], [[row["english"] for row in rows]]
    for name, metric in (("chrf", CHRF(word_order=2)), ("bleu", BLEU(force=True)), ("ter", TER())):
        score = found.scores[name]
        assert score.estimate.value == pytest.approx(metric.corpus_score(backs, references).score)
        assert score.untranslated == pytest.approx(score.estimate.value)  # echo translates nothing
        assert score.estimate.low < score.estimate.value < score.estimate.high  # type: ignore[operator]
        assert str(metric.get_signature()) in score.signature and "version:" in score.signature
        assert count.counters[f"round_trip_{name}"] == score.estimate.value
    assert found.sentences == 40 and found.failed == 0 and found.seed == 17
    assert found.back_engines == ("echo 1 gl-en ''",) and "apertium" in found.engines[0]
    assert found.warning == WARNING and "rewards copying" in WARNING
    assert "seed 17" in found.intervals


def test_rows_have_a_round_trip_and_nothing_is_paid_twice(translated: Path, tmp_path: Path) -> None:
    asked = {"round_trip": True, "corpus_round_trip": {"sentences": 20}, **ECHO}
    memory = tmp_path / "memory"
    first = gate(translated, tmp_path / "first", memory=memory, **asked)
    figures = list(read_records(tmp_path / "first" / "figures.jsonl", Figures))
    measured = [one.round_trip for one in figures if one.round_trip is not None]
    assert len(measured) + int(first.counters["rows_without_round_trip"]) == len(figures)
    assert len(measured) > 250 and all(0 <= value <= 100 for value in measured)
    again = gate(translated, tmp_path / "again", memory=memory, run="b", **asked)
    assert int(first.counters["texts_sent"]) > 500 and again.counters["texts_sent"] == 0
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
    with TranslationMemory(memory, source="gl", target="en", signature=None) as kept:
        assert kept.read_spending("account")[0] == first.counters["characters_sent"]


def test_a_row_that_comes_back_as_another_text_is_dropped(translated: Path, tmp_path: Path) -> None:
    rows = read_rows(translated / "train.jsonl")[:150]
    english = [
        replace(row, instruction=row.instruction_en, input=row.input_en, response=row.response_en) for row in rows
    ]
    text = "Sete ras verdes cantan ao carón dunha lagoa pequena que ninguén coñece."
    english[7] = replace(english[7], instruction=text, input="", response=text)
    folder = write_rows(tmp_path / "rows", english, [])
    count = gate(folder, tmp_path / "out", memory=tmp_path / "memory", round_trip=True, checks=("round-trip",), **ECHO)
    assert count.dropped == {"round-trip": 1}
    assert read_rows(tmp_path / "out" / "rejects.jsonl")[0].id == english[7].id


def test_killed_while_translating_back_it_goes_on_and_pays_no_more(
    translated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"round_trip": True, "corpus_round_trip": {"sentences": 20}, **ECHO}
    whole = gate(translated, tmp_path / "whole", memory=tmp_path / "whole.sqlite", **asked)
    store, calls = TranslationMemory.store, 0

    class Killed(BaseException):
        """Stands for SIGKILL."""

    def store_or_die(*args: object, **named: object) -> None:
        nonlocal calls
        calls += 1
        if calls == die_at:
            raise Killed
        store(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(TranslationMemory, "store", store_or_die)
    for moment in (2, 1):
        die_at, calls = moment, 0
        with pytest.raises(Killed):
            gate(translated, tmp_path / "cut", memory=tmp_path / "cut.sqlite", **asked)
    die_at = 0
    count = gate(translated, tmp_path / "cut", memory=tmp_path / "cut.sqlite", **asked)
    lost = int(count.counters["characters_lost"])
    assert 0 < lost <= 2 * TranslateOptions().batch_characters
    assert int(count.counters["characters_sent"]) - lost == whole.counters["characters_sent"]
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "cut" / path.name).read_bytes(), path.name


def test_an_engine_without_the_way_back_is_named(translated: Path, tmp_path: Path) -> None:
    asked = {"corpus_round_trip": {"sentences": 5}, "back_engine": "shipped-memory"}
    with pytest.raises(EngineError, match="from Galician into English"):
        gate(translated, tmp_path / "out", memory=tmp_path / "memory", **asked)


def test_without_being_asked_nothing_is_translated_back(translated: Path, tmp_path: Path) -> None:
    count = gate(translated, tmp_path / "out", memory=tmp_path / "memory")
    assert not (tmp_path / "memory").exists() and not (tmp_path / "out" / "round_trip.json").exists()
    assert "texts_sent" not in count.counters
    assert read_round_trip(tmp_path / "out" / "round_trip.json") is None


def test_a_damaged_round_trip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "round_trip.json").write_text('{"schema_version": 1}')
    with pytest.raises(DataError, match=r"round_trip\.json is damaged"):
        read_round_trip(tmp_path / "round_trip.json")


def estimate(options: GateOptions, source: Path, translated: Path | None, memory: Path, target: Language = GALICIAN):  # type: ignore[no-untyped-def]
    return estimate_round_trip(
        options,
        TranslateOptions(engine="echo"),
        source=source,
        translated=translated,
        target=target,
        seed=17,
        memory=memory,
    )


def test_a_plan_counts_what_the_gate_will_send(translated: Path, tmp_path: Path) -> None:
    asked = {"round_trip": True, "corpus_round_trip": {"sentences": 30}, **ECHO}
    options, memory = GateOptions(**asked), tmp_path / "memory"  # type: ignore[arg-type]
    source = translated.parent / "source"
    plan = estimate(options, source, translated, memory)
    assert plan is not None and not plan.is_guessed
    count = gate(translated, tmp_path / "out", memory=memory, **asked)
    assert plan.estimate.texts_to_send == pytest.approx(count.counters["texts_sent"], abs=30)
    assert plan.estimate.language == ENGLISH.code
    after = estimate(options, source, translated, memory)
    assert (
        after is not None and after.estimate.texts_to_send <= 30
    )  # sampled from all rows, not from those that are kept
    guessed = estimate(options, source, None, tmp_path / "none")
    assert guessed is not None and guessed.is_guessed
    assert guessed.estimate.characters == pytest.approx(plan.estimate.characters, rel=0.15)
    assert estimate(GateOptions(), source, translated, memory) is None
