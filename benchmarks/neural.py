"""How near the engine `ctranslate2` comes to CTranslate2 itself, and what sorting sentences by length gains.

    python benchmarks/neural.py --sentences 200 --rounds 3

A random NLLB is made on the spot, so nothing is said about real models' speed, only about the work around them. Three
figures, each the best of the rounds, which run in turn so that other work on the machine meets all alike:

- *raw*: source tokens a second of `translate_batch` on the batches that the engine makes, tokens ready. This is the bound.
- *engine*: the same for `Engine.translate` on the texts: sentences, tokens, batches, checks.
- *unsorted*: the same for `translate_batch` on the sentences as they come, as many in a batch as a batch of the engine
  holds on average.

A random model does not end its outputs, so every sentence runs to its limit, and the last step of those that are good,
putting tokens together to text, is left out. On a machine that does other work too, the ratios by CPU seconds say
more than those by the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from taco.languages.table import find_language
from taco.progress import SilentProgress
from taco.records import Row
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.store.jsonl import read_records
from taco.translate.engine import open_engine
from taco.translate.neural.batches import make_batches
from taco.translate.neural.options import CTranslate2Options
from taco.translate.neural.sentences import split_sentences
from taco.translate.segment import Prose, split_text


def read_texts(count: int) -> list[str]:
    """Return texts of the seed rows that hold so many sentences in all."""
    texts: dict[str, None] = {}
    sentences = 0
    with tempfile.TemporaryDirectory() as folder:
        read = SourceOptions(path="seed", heldout=0)
        run_source(read, folder=Path.cwd(), out=Path(folder), seed=17, progress=SilentProgress())
        for row in read_records(Path(folder) / "train.jsonl", Row):
            for node in split_text(row.response):
                if isinstance(node, Prose) and not node.spans and sentences < count and node.text not in texts:
                    texts[node.text] = None
                    sentences += sum(one.has_words for one in split_sentences(node.text, language="en"))
    return list(texts)


def save_model(folder: Path, texts: list[str], *, width: int, layers: int) -> None:
    """Save a random NLLB with a tokenizer that has learnt from the texts."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    bpe.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=4000, special_tokens=specials, show_progress=False))
    learnt = json.loads(bpe.to_str())["model"]
    tokenizer = NllbTokenizer(vocab=learnt["vocab"], merges=[tuple(pair) for pair in learnt["merges"]])
    tokenizer.save_pretrained(folder)
    config = M2M100Config(
        vocab_size=len(tokenizer),
        d_model=width,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_attention_heads=width // 64,
        decoder_attention_heads=width // 64,
        encoder_ffn_dim=4 * width,
        decoder_ffn_dim=4 * width,
    )
    torch.manual_seed(0)
    M2M100ForConditionalGeneration(config).eval().save_pretrained(folder)


def time_call(call: Callable[[], Any]) -> tuple[float, float]:
    """Return the seconds of a call by the clock, and those of this process's CPU, which other processes change less."""
    started, used = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - started, time.process_time() - used


def measure(engine: Any, options: CTranslate2Options, texts: list[str], rounds: int) -> dict[str, Any]:
    """Return the figures."""
    cut = [split_sentences(text, language="en") for text in texts]
    wanted = list(dict.fromkeys(one.text for sentences in cut for one in sentences if one.has_words))
    read = map(engine._read, wanted)
    sources = list(dict.fromkeys(source.tokens for source in read if not source.fault))
    settings = {"ratio": options.output_ratio, "positions": engine._facts.positions}
    batches = list(make_batches(sources, max_tokens=options.max_batch_tokens, **settings))
    size = max(1, len(sources) // len(batches))
    unsorted = [
        batch
        for start in range(0, len(sources), size)
        for batch in make_batches(sources[start : start + size], max_tokens=10**9, **settings)
    ]
    ways: dict[str, Callable[[], Any]] = {
        "raw": lambda: list(engine._model.run(batches, begins_with="glg_Latn")),
        "engine": lambda: engine.translate(texts),
        "unsorted": lambda: list(engine._model.run(unsorted, begins_with="glg_Latn")),
    }
    engine.translate(texts[:2])
    best, cpu = dict.fromkeys(ways, float("inf")), dict.fromkeys(ways, float("inf"))
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:  # no way has always the same one before it
            seconds, used = time_call(ways[name])
            best[name], cpu[name] = min(best[name], seconds), min(cpu[name], used)
    tokens = sum(map(len, sources))
    return {
        "sentences": len(sources),
        "batches": len(batches),
        "source_tokens": tokens,
        "source_tokens_per_s": {name: round(tokens / seconds) for name, seconds in best.items()},
        "engine_share_of_raw": round(best["raw"] / best["engine"], 3),
        "engine_share_of_raw_cpu": round(cpu["raw"] / cpu["engine"], 3),
        "sorted_against_unsorted_cpu": round(cpu["unsorted"] / cpu["raw"], 2),
        "seconds": {name: round(seconds, 3) for name, seconds in best.items()},
        "cpu_seconds": {name: round(seconds, 3) for name, seconds in cpu.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--beam-size", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    texts = read_texts(asked.sentences)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TACO_CACHE"] = folder
        model = Path(folder) / "model"
        model.mkdir()
        save_model(model, texts, width=asked.width, layers=asked.layers)
        options = CTranslate2Options(
            model=str(model),
            beam_size=asked.beam_size,
            threads=asked.threads,
            max_batch_tokens=512,
            output_ratio=1.5,
            device="cpu",
        )
        pair = {"source": find_language("en"), "target": find_language("gl")}
        with open_engine("ctranslate2", options, **pair) as engine:
            figures = measure(engine, options, texts, asked.rounds)
    figures |= {"ctranslate2": version("ctranslate2"), "python": platform.python_version()}
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
