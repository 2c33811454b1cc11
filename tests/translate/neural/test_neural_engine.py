"""What comes out of a model is whole, in order and checked; what a model cannot do is a refusal with its reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_translators import POSITIONS, make_sentences, save_marian, save_nllb, translate_words

from taco.errors import EngineError, EngineRejected
from taco.languages.table import find_language
from taco.translate.engine import ENGINES, Engine, open_engine
from taco.translate.neural.ct2 import _read_vocabulary

ENGLISH, GALICIAN = find_language("en"), find_language("gl")
BOTH = ("ctranslate2", "transformers")


def open_tiny(folder: Path, engine: str = "ctranslate2", *, target: str = "gl", **options: Any) -> Engine:
    threads = {} if engine == "transformers" else {"threads": 1}
    asked = ENGINES.load_options(engine).model_validate({"model": str(folder)} | threads | options)
    return open_engine(engine, asked, source=ENGLISH, target=find_language(target))


@pytest.fixture(params=BOTH)
def trained(request: pytest.FixtureRequest, word_for_word: Path) -> Iterator[Engine]:
    with open_tiny(word_for_word, request.param) as engine:
        yield engine


def test_texts_come_back_translated_and_in_order_whatever_their_length(trained: Engine) -> None:
    sentences = make_sentences(40, seed=11)
    answers = trained.translate(sentences)
    assert [answer.text for answer in answers] == [translate_words(sentence) for sentence in sentences]
    assert not any(answer.refusal or answer.unknown_words for answer in answers)
    assert trained.translate([]) == []


def test_sentences_are_translated_one_by_one_and_what_is_between_them_stays(trained: Engine) -> None:
    (answer,) = trained.translate(["the cat sees two.\u00a0 1. my house has three tree.  3!"])
    assert answer.text == "o gato ve dous.\u00a0 " + answer.text.partition("\u00a0 ")[2]
    assert answer.text.endswith("  3!")
    (answer,) = trained.translate(["  the cat has one house.   two dog. "])
    assert answer.text == "  o gato ten uno casa.   dous can. "


def test_a_text_alone_and_in_company_has_the_same_translation(word_for_word: Path) -> None:
    sentences = make_sentences(30, seed=12)
    with open_tiny(word_for_word, max_batch_tokens=64) as engine:
        together = engine.translate(sentences)
        assert [engine.translate([sentence])[0] for sentence in sentences] == together


def test_a_limit_that_is_reached_is_a_refusal_not_a_row(word_for_word: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taco.translate.neural.batches.SHORTEST_LIMIT", 3)
    with open_tiny(word_for_word, output_ratio=0.5) as engine:
        long, short = engine.translate(["the cat sees one old dog.", "cat."])
    assert long.text == ""
    assert "came to its limit of 5 tokens" in long.refusal
    assert (short.text, short.refusal) == ("gato.", "")


@pytest.mark.parametrize("family", ["nllb", "m2m100", "madlad", "marian"])
def test_a_model_without_sense_gives_reasons_not_rows(family: str, tiny_models: dict[str, Path]) -> None:
    with open_tiny(tiny_models[family]) as engine:
        answers = engine.translate(make_sentences(12))
    assert all(bool(answer.text) != bool(answer.refusal) for answer in answers)
    assert sum(bool(answer.refusal) for answer in answers) > 6


def test_a_sentence_longer_than_the_positions_is_refused_and_the_others_are_not(trained: Engine) -> None:
    long = " ".join(["cat"] * POSITIONS) + "."
    refused, fine = trained.translate([f"the dog. {long}", "the dog."])
    assert f"more than the model's {POSITIONS} positions" in refused.refusal
    assert fine.text == "o can."


def test_marks_in_the_text_are_refused(word_for_word: Path, tiny_models: dict[str, Path]) -> None:
    with open_tiny(word_for_word) as engine:
        answers = engine.translate(["the </s> cat.", "the spa_Latn cat.", "the cat."])
    assert ["own mark" in answer.refusal for answer in answers] == [True, True, False]
    with open_tiny(tiny_models["madlad"]) as engine:
        assert "own mark '<2es>'" in engine.translate(["the <2es> cat."])[0].refusal


def test_words_that_the_vocabulary_lacks_are_counted(word_for_word: Path) -> None:
    with open_tiny(word_for_word) as engine:
        (answer,) = engine.translate(["the Ж cat."])
    assert (answer.words, answer.unknown_words) == (3, 1)


def test_unknown_languages_and_codes_are_refused(tiny_models: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"tiny-madlad does not know Nepali") as caught:
        open_tiny(tiny_models["madlad"], target="ne")
    assert "<2" not in caught.value.hint
    assert "zh_Latn" in caught.value.hint
    with pytest.raises(EngineError, match="did you mean 'glg_Latn'"):
        open_tiny(tiny_models["nllb"], target_code="glg_Lat")
    codes = {"target_code": "spa_Latn", "english_code": "eng_Latn"}
    for source, target, expected in (("en", "gl", "eng_Latn-spa_Latn"), ("gl", "en", "spa_Latn-eng_Latn")):
        asked = ENGINES.load_options("ctranslate2").model_validate({"model": str(tiny_models["nllb"]), **codes})
        pair = {"source": find_language(source), "target": find_language(target)}
        with open_engine("ctranslate2", asked, **pair) as engine:
            assert f" {expected} " in engine.signature
    one_pair = save_marian(tmp_path / "opus-mt-en-es", targets=())
    with pytest.raises(EngineError, match="translates from en into es"):
        open_tiny(one_pair)
    with open_tiny(one_pair, target="es") as engine:
        assert " en-es " in engine.signature


def test_the_signature_holds_what_decides_and_nothing_else(word_for_word: Path, tmp_path: Path) -> None:
    def sign(folder: Path = word_for_word, **options: Any) -> str:
        with open_tiny(folder, **options) as engine:
            return engine.signature

    plain = sign()
    assert plain.startswith("ctranslate2 4.")
    assert " nllb word-for-word " in plain
    assert " int8_float32 cpu eng_Latn-glg_Latn beam 4 " in plain
    assert plain == sign(threads=2, workers=2, max_batch_tokens=100, device="cpu")
    copied = Path(shutil.copytree(word_for_word, tmp_path / "word-for-word"))
    assert sign(copied) == plain
    other = save_nllb(tmp_path / "other" / "word-for-word")
    changed = [sign(beam_size=1), sign(quantization="float32"), sign(target="es"), sign(other)]
    assert len({plain, *changed}) == 5
    with open_tiny(word_for_word, "nllb") as engine:
        assert engine.signature == plain.replace("ctranslate2", "nllb", 1)


def test_a_folder_converted_elsewhere_is_taken_as_it_is(word_for_word: Path, tmp_path: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    folder = tmp_path / "converted"
    TransformersConverter(str(word_for_word), copy_files=["tokenizer.json"]).convert(str(folder))
    with open_tiny(folder) as engine:
        assert engine.translate(["the cat."])[0].text == "o gato."
    with pytest.raises(EngineError, match="CTranslate2's form"):
        open_tiny(folder, "transformers")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EngineError, match="holds no tokenizer"):
        open_tiny(folder)


def test_two_vocabularies_and_older_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "source_vocabulary.json").write_text(json.dumps(["</s>", "cat", ">>glg<<"]))
    (tmp_path / "target_vocabulary.txt").write_text("</s>\ngato\n\u2028\n", encoding="utf-8")
    assert _read_vocabulary(tmp_path) == ("</s>", "cat", ">>glg<<", "gato", "\u2028")
    (tmp_path / "source_vocabulary.json").write_text("[")
    with pytest.raises(EngineError, match="cannot be read"):
        _read_vocabulary(tmp_path)


@pytest.mark.parametrize("name", BOTH)
def test_where_memory_runs_out_the_call_is_cut_up_and_one_text_refused(
    name: str, word_for_word: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA failed with error out of memory\nat allocator.cu")

    with open_tiny(word_for_word, name) as opened:
        engine: Any = opened
        if name == "transformers":
            monkeypatch.setattr(engine._model._model, "generate", run_out)
        else:
            submitted = [type("Result", (), {"result": run_out})()]
            monkeypatch.setattr(engine._model, "_submit", lambda *_: submitted)
        with pytest.raises(EngineRejected, match=r"2 sentences of up to 4 tokens: .*out of memory") as caught:
            engine.translate(["cat.", "dog."])
    assert "max_batch_tokens" in caught.value.hint


def test_rubbish_is_refused_with_a_reason(word_for_word: Path, tmp_path: Path) -> None:
    def spoil(name: str, content: str) -> Path:
        folder = tmp_path / f"{name}-{len(content)}"
        shutil.copytree(word_for_word, folder)
        (folder / name).write_text(content)
        return folder

    for name, content in (
        ("config.json", "{"),
        ("config.json", json.dumps({"model_type": "bert", "architectures": []})),
        ("model.safetensors", "no weights"),
        ("tokenizer.json", "[]"),
    ):
        for engine in BOTH:
            with pytest.raises(EngineError) as caught:
                open_tiny(spoil(f"{name}", content + " " * BOTH.index(engine)), engine)
            assert caught.value.hint
    (tmp_path / "empty").mkdir()
    with pytest.raises(EngineError, match=r"no config.json"):
        open_tiny(tmp_path / "empty")
    with pytest.raises(EngineError, match="no translation model 'nothing'"):
        open_tiny(Path("nothing"))


def test_a_number_format_that_the_device_lacks_is_refused(word_for_word: Path) -> None:
    with pytest.raises(EngineError, match="cannot load word-for-word") as caught:
        open_tiny(word_for_word, quantization="float16", device="cuda")
    assert "quantization" in caught.value.hint
