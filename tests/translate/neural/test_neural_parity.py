"""Both engines give, token for token, what transformers' own tokenizer and `generate` give for the same model."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tiny_translators import make_sentences

from taco.languages.table import find_language
from taco.translate.engine import open_engine
from taco.translate.neural.batches import Batch
from taco.translate.neural.faults import Decoded

ENGLISH, GALICIAN = find_language("en"), find_language("gl")
LIMIT = 12
FAMILIES = ("nllb", "m2m100", "madlad", "marian")


def run_reference(folder: Path, family: str, sentences: Sequence[str], *, beams: int) -> list[Decoded]:
    """Translate one sentence after the other with transformers alone, as its documentation says for each family."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Marian's recommends a library that it does not use here
        tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    before, forced = {
        "nllb": ("", "glg_Latn"),
        "m2m100": ("", "__gl__"),
        "madlad": ("<2gl> ", ""),
        "marian": (">>glg<< ", ""),
    }[family]
    if family in ("nllb", "m2m100"):
        tokenizer.src_lang = "eng_Latn" if family == "nllb" else "en"
    found = []
    for sentence in sentences:
        inputs = tokenizer(before + sentence, return_tensors="pt")
        with torch.inference_mode():
            (ids,) = model.generate(
                **inputs,
                num_beams=beams,
                max_new_tokens=LIMIT + 1 + bool(forced),
                forced_bos_token_id=tokenizer.convert_tokens_to_ids(forced) if forced else None,
                forced_eos_token_id=None,
                suppress_tokens=[tokenizer.unk_token_id],
            ).tolist()
        tokens = tokenizer.convert_ids_to_tokens(ids[1 + bool(forced) :])
        is_ended = "</s>" in tokens
        found.append(Decoded(tuple(tokens[: tokens.index("</s>")] if is_ended else tokens), is_ended))
    return found


def run_engine(name: str, folder: Path, sentences: Sequence[str], **options: Any) -> list[Decoded]:
    """Return what an engine's model writes for sentences, in batches of several, before it is judged."""
    from taco.translate.engine import ENGINES

    asked = ENGINES.load_options(name).model_validate({"model": str(folder)} | options)
    with open_engine(name, asked, source=ENGLISH, target=GALICIAN) as opened:
        engine: Any = opened
        sources = [engine._read(sentence).tokens for sentence in sentences]
        ordered = sorted(set(sources), key=len, reverse=True)
        batches = [Batch(tuple(ordered[start : start + 4]), LIMIT) for start in range(0, len(ordered), 4)]
        written = engine._model.run(batches, begins_with=engine._route.begins_with)
        found = {
            source: one
            for batch, some in zip(batches, written, strict=True)
            for source, one in zip(batch.sources, some, strict=True)
        }
    return [found[source] for source in sources]


@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_outputs_are_those_of_transformers(family: str, tiny_models: dict[str, Path]) -> None:
    sentences = make_sentences(9, seed=5)
    expected = run_reference(tiny_models[family], family, sentences, beams=1)
    assert len({decoded.tokens for decoded in expected}) > 3  # else equality would say little
    fast = {"quantization": "float32", "threads": 1, "beam_size": 1}
    assert run_engine("ctranslate2", tiny_models[family], sentences, **fast) == expected
    assert run_engine("transformers", tiny_models[family], sentences, beam_size=1) == expected


def test_a_trained_models_beams_agree_too(word_for_word: Path) -> None:
    sentences = make_sentences(9, seed=6)
    expected = run_reference(word_for_word, "nllb", sentences, beams=4)
    assert all(decoded.is_ended for decoded in expected)
    fast = {"quantization": "float32", "threads": 1, "beam_size": 4}
    assert run_engine("ctranslate2", word_for_word, sentences, **fast) == expected
    assert run_engine("transformers", word_for_word, sentences, beam_size=4) == expected
