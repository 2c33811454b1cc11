"""Compare the speed of taco's transformers backend with transformers' own generate on the same prompts.

    python benchmarks/generate.py --count 8 --max-new-tokens 128 --threads 2
    python benchmarks/generate.py --prompts runs/NAME/chain/heldout.jsonl --adapter runs/NAME/train/adapter

Every form decodes greedily with the same limit and the same weights: an adapter is merged for all of them. Each round
runs the forms in turn, so that other work on the machine meets all alike; the best round counts. Times include reading
the prompts and leave loading out.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taco.generate.adapter import merge_adapter
from taco.generate.backend import Generation, Limits, Prompt, Setup
from taco.generate.detokenise import decode_text
from taco.generate.options import TransformersOptions
from taco.generate.transformers import TransformersBackend
from taco.languages.table import find_language
from taco.model.base import resolve_base
from taco.model.libraries import quiet_libraries, set_threads
from taco.model.load import load_model, load_tokenizer
from taco.model.options import EMBEDDED_BASE, ModelOptions
from taco.model.prompt import encode_prompt, end_token_id
from taco.progress import open_progress
from taco.source.seed import read_seed_lines
from taco.store.cache import cache_folder

Answers = dict[str, tuple[str, int]]
"""Prompt id -> text and number of tokens, end token included."""

Form = Callable[[Sequence[Prompt]], Answers]


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=EMBEDDED_BASE)
    parser.add_argument("--adapter", type=Path, help="folder of a tuned adapter; the base model alone if left out")
    parser.add_argument(
        "--prompts", type=Path, help="heldout.jsonl of a run or FastChat's question.jsonl; else seed rows"
    )
    parser.add_argument("--count", type=int, default=8, help="number of prompts")
    parser.add_argument("--max-new-tokens", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, help="CPU threads; torch's choice if left out")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--skip-single", action="store_true", help="leave out transformers one by one, the slowest form"
    )
    measure(parser.parse_args())


def measure(asked: argparse.Namespace) -> None:
    """Run every form in turn and print a table with the ratio to the first."""
    threads = set_threads(asked.threads)
    prompts = read_prompts(asked.prompts)[: asked.count]
    forms = build_forms(asked)
    print_machine(threads)
    print(
        f"{asked.base}, adapter {asked.adapter or 'none'}, {len(prompts)} prompts, at most {asked.max_new_tokens} new "
        f"tokens, batches of {asked.batch_size}, best of {asked.rounds}"
    )
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    answers: dict[str, Answers] = {}
    for _ in range(asked.rounds):
        for name, form in forms.items():
            started = time.perf_counter()
            answers[name] = form(prompts)
            seconds[name].append(time.perf_counter() - started)
    print_table(seconds, answers)


def read_prompts(path: Path | None) -> list[Prompt]:
    """Read prompts from a file of one of the known forms, or the instructions of the seed rows."""
    lines = [line for _, line in read_seed_lines()] if path is None else path.read_bytes().splitlines()
    prompts = []
    for number, row in enumerate(json.loads(line) for line in lines):
        text = row.get("prompt") or row.get("instruction") or row["turns"][0]
        system = row.get("system", "")
        prompts.append(
            Prompt(id=f"{number:05}", system=system, text=text, template="taco", language=find_language("gl"))
        )
    return prompts


def build_forms(asked: argparse.Namespace) -> dict[str, Form]:
    """Load the models; return name -> function that answers prompts."""
    options = ModelOptions(base=asked.base, threads=asked.threads)
    setup = Setup(model=options, adapter=asked.adapter, cache=cache_folder(), progress=open_progress())
    peers = Peer.load(setup, max_new_tokens=asked.max_new_tokens)
    backend = TransformersBackend(TransformersOptions(batch_size=asked.batch_size), setup=setup)
    arm = "tuned" if asked.adapter else "base"

    def answer(prompts: Sequence[Prompt], limit: int = asked.max_new_tokens) -> Answers:
        limits = Limits(max_new_tokens=limit, loop_guard=False)
        found = backend.generate(prompts, arm=arm, limits=limits, on_tokens=lambda count: None)
        return {one.id: (one.text, len(one.token_ends)) for one in found if isinstance(one, Generation)}

    answer(read_prompts(None)[:1], 1)  # loads the arm's model
    forms: dict[str, Form] = {
        "transformers, one by one": lambda prompts: peers.answer(prompts, batch_size=1),
        "transformers, batched": lambda prompts: peers.answer(prompts, batch_size=asked.batch_size),
        "taco": answer,
    }
    if asked.skip_single:
        del forms["transformers, one by one"]
    return forms


@dataclass(frozen=True)
class Peer:
    """transformers' own generate, with a model whose adapter is merged."""

    model: Any
    tokenizer: Any
    ends: list[int]
    max_new_tokens: int

    @classmethod
    def load(cls, setup: Setup, *, max_new_tokens: int) -> Peer:
        """Load the model that the backend loads."""
        base = resolve_base(setup.model, cache=setup.cache, progress=setup.progress)
        tokenizer, model = load_tokenizer(base), load_model(base, dtype=setup.model.dtype)
        if setup.adapter is not None:
            model = merge_adapter(model, setup.adapter)
        return cls(model, tokenizer, sorted({end_token_id(tokenizer), tokenizer.eos_token_id}), max_new_tokens)

    def answer(self, prompts: Sequence[Prompt], *, batch_size: int) -> Answers:
        """Answer prompts in batches of similar length."""
        encoded = [(one.id, encode_prompt(self.tokenizer, system=one.system, prompt=one.text)) for one in prompts]
        encoded.sort(key=lambda pair: (len(pair[1]), pair[0]))
        answers: Answers = {}
        for start in range(0, len(encoded), batch_size):
            batch = encoded[start : start + batch_size]
            for (key, _), tokens in zip(batch, self._generate([ids for _, ids in batch]), strict=True):
                places = [place for place, token in enumerate(tokens) if token in self.ends]
                text = decode_text(self.tokenizer, tokens[: places[0]] if places else tokens)
                answers[key] = (text, places[0] + 1 if places else len(tokens))
        return answers

    def _generate(self, prompts: Sequence[list[int]]) -> list[list[int]]:
        import torch

        width = max(map(len, prompts))
        ids = torch.full((len(prompts), width), self.ends[0])
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            ids[row, width - len(prompt) :] = torch.tensor(prompt)
            mask[row, width - len(prompt) :] = 1
        with quiet_libraries():
            made = self.model.generate(
                input_ids=ids.to(self.model.device),
                attention_mask=mask.to(self.model.device),
                max_new_tokens=self.max_new_tokens,
                do_sample=False,
                eos_token_id=self.ends,
                pad_token_id=self.ends[0],
            )
        tokens: list[list[int]] = made[:, width:].tolist()
        return tokens


def print_machine(threads: int) -> None:
    """Print what the figures belong to."""
    names = ("torch", "transformers", "peft", "taco-llm")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} CPUs, {threads} threads{load}")
    print(f"Python {platform.python_version()}, {versions}")


def print_table(seconds: dict[str, list[float]], answers: dict[str, Answers]) -> None:
    """Print one line a form."""
    first = next(iter(seconds))
    speeds = {name: sum(count for _, count in answers[name].values()) / min(seconds[name]) for name in seconds}
    print(f"{'form':<26}{'seconds':>9}{'tokens':>9}{'tokens/s':>10}{'ratio':>8}{'same texts':>12}")
    for name, times in seconds.items():
        tokens = sum(count for _, count in answers[name].values())
        same = sum(answers[name][key][0] == text for key, (text, _) in answers[first].items())
        ratio = f"{speeds[name] / speeds[first]:.2f}x"
        print(
            f"{name:<26}{min(times):>9.1f}{tokens:>9}{speeds[name]:>10.1f}{ratio:>8}{same:>6} of {len(answers[first])}"
        )


if __name__ == "__main__":
    main()
