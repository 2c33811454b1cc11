"""The ways of answering that benchmarks/generate.py compares."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taco.chain.formats import find_template
from taco.generate.adapter import merge_adapter
from taco.generate.backend import BACKENDS, Generation, Limits, Prompt, Setup
from taco.generate.converted import prepare_ctranslate2, prepare_gguf, prepare_lora
from taco.generate.ctranslate2 import Generator
from taco.generate.llama_server import LlamaServer
from taco.generate.streamed import read_ends
from taco.languages.table import find_language
from taco.model.base import Base, resolve_base
from taco.model.libraries import quiet_libraries, set_threads
from taco.model.load import load_model, load_tokenizer
from taco.model.prompt import encode_prompt
from taco.source.seed import read_seed_lines

TEMPLATE = "taco"

Answers = Mapping[str, tuple[str, int]]
"""Prompt id -> text ("" where it was not made) and number of tokens, end token included."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What is measured.

    Attributes:
        setup: Model, adapter and cache.
        prompts: The prompts.
        max_new_tokens: Tokens of an answer at most.
        batch_size: Answers decoded together.
        lead_outs: Times that taco's forms lead an answer out of a loop.
        single: Prompts that are answered one by one.
    """

    setup: Setup
    prompts: Sequence[Prompt]
    max_new_tokens: int
    batch_size: int
    lead_outs: int
    single: int

    @property
    def base(self) -> Base:
        """The base model."""
        return resolve_base(self.setup.model, cache=self.setup.cache, progress=self.setup.progress)

    @property
    def threads(self) -> int:
        """CPU threads."""
        return set_threads(self.setup.model.threads)

    def encode(self, tokenizer: Any) -> list[tuple[str, list[int]]]:
        """Return id and tokens of each prompt, the shortest first."""
        found = [(one.id, encode_prompt(tokenizer, system=one.system, prompt=one.text)) for one in self.prompts]
        return sorted(found, key=lambda pair: (len(pair[1]), pair[0]))


@dataclass(frozen=True)
class Form:
    """One way of answering, its model loaded."""

    answer: Callable[[], Answers]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one way did in one round."""

    seconds: float
    answers: Answers

    @property
    def tokens(self) -> int:
        """Tokens that were made."""
        return sum(count for _, count in self.answers.values())

    @property
    def speed(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds


def read_prompts(path: Path | None, *, language: str, is_tuned: bool) -> list[Prompt]:
    """Read prompts from a file of one of the known forms, or the instructions of the seed rows."""
    target = find_language(language)
    lines = [line for _, line in read_seed_lines()] if path is None else path.read_bytes().splitlines()
    system = find_template(TEMPLATE).system(target) if is_tuned else ""
    return [
        Prompt(
            id=f"{number:05}",
            system=row.get("system", system),
            text=row.get("prompt") or row.get("instruction") or row["turns"][0],
            template=TEMPLATE,
            language=target,
        )
        for number, row in enumerate(json.loads(line) for line in lines)
    ]


def build_forms(bench: Bench, backends: Sequence[str], *, with_raw: bool) -> dict[str, Form]:
    """Load the models; return name -> form."""
    forms: dict[str, Form] = {}
    peer = Peer.load(bench) if bench.single or (with_raw and "transformers" in backends) else None
    if bench.single and peer:
        forms["transformers, one by one"] = Form(lambda: peer.answer(bench.single, batch_size=1))
    raw = {"ctranslate2": raw_ctranslate2, "llamacpp": raw_llama}
    for name in backends:
        forms[f"taco {name}"] = taco_form(bench, name)
        if with_raw and name in raw:
            forms[f"raw {name}"] = raw[name](bench)
        elif with_raw and peer:
            forms[f"raw {name}"] = peer.as_form(bench)
    return forms


def taco_form(bench: Bench, name: str) -> Form:
    """Answer with a backend of taco, as a run does."""
    weights = {"llamacpp": {"weights": "q8_0"}}.get(name, {})
    options = BACKENDS.load_options(name)(batch_size=bench.batch_size, **weights)
    backend = BACKENDS.load_implementation(name)(options, setup=bench.setup)
    arm = "tuned" if bench.setup.adapter else "base"

    def answer(prompts: Sequence[Prompt] = bench.prompts, limit: int = bench.max_new_tokens) -> Answers:
        limits = Limits(max_new_tokens=limit, loop_guard=True, lead_outs=bench.lead_outs)
        found = backend.generate(prompts, arm=arm, limits=limits, on_tokens=lambda count: None)
        return {one.id: (one.text, len(one.token_ends)) for one in found if isinstance(one, Generation)}

    answer(limit=1)  # loads the arm's model
    return Form(answer)


def raw_ctranslate2(bench: Bench) -> Form:
    """Answer with CTranslate2's own batches."""
    base, adapter = bench.base, bench.setup.adapter
    folder = prepare_ctranslate2(base, adapter, weights="int8", cache=bench.setup.cache)
    tokenizer = load_tokenizer(base)
    ends = sorted(read_ends(base.path, tokenizer))
    engine = Generator(folder, tokenizer=tokenizer, ends=ends, threads=bench.threads)._generator
    prompts = [(key, tokenizer.convert_ids_to_tokens(ids)) for key, ids in bench.encode(tokenizer)]

    def answer() -> Answers:
        made = engine.generate_batch(
            [names for _, names in prompts],
            max_length=bench.max_new_tokens,
            max_batch_size=bench.batch_size,
            include_prompt_in_result=False,
            end_token=ends,
            return_end_token=True,
        )
        return {key: ("", len(one.sequences_ids[0])) for (key, _), one in zip(prompts, made, strict=True)}

    return Form(answer)


def raw_llama(bench: Bench) -> Form:
    """Answer with llama.cpp's own server: one request an answer, as many at once as it has slots."""
    base, adapter, cache = bench.base, bench.setup.adapter, bench.setup.cache
    model = prepare_gguf(base, None, weights="q8_0", cache=cache)
    lora = prepare_lora(base, adapter, cache=cache) if adapter else None
    prompts = bench.encode(load_tokenizer(base))
    slots = min(bench.batch_size, len(prompts))
    room = len(prompts[-1][1]) + bench.max_new_tokens
    server = LlamaServer(model, adapters=[lora] if lora else [], context=room, threads=bench.threads, slots=slots)
    lock = threading.Lock()

    def ask(ids: list[int]) -> int:
        question = {"prompt": ids, "n_predict": bench.max_new_tokens, "samplers": ["top_k"], "top_k": 1}
        made = server._post("/completion", {**question, "return_tokens": True})
        with lock:
            return len(made["tokens"])

    def answer() -> Answers:
        with ThreadPoolExecutor(slots) as pool:
            counts = list(pool.map(ask, [ids for _, ids in prompts]))
        return {key: ("", count) for (key, _), count in zip(prompts, counts, strict=True)}

    return Form(answer)


@dataclass(frozen=True)
class Peer:
    """transformers' own generate, with a model whose adapter is merged."""

    model: Any
    tokenizer: Any
    ends: list[int]
    prompts: list[tuple[str, list[int]]]
    max_new_tokens: int

    @classmethod
    def load(cls, bench: Bench) -> Peer:
        """Load the model that the backend loads."""
        base, tokenizer = bench.base, load_tokenizer(bench.base)
        set_threads(bench.setup.model.threads)
        model = load_model(base, dtype=bench.setup.model.dtype)
        if bench.setup.adapter is not None:
            model = merge_adapter(model, bench.setup.adapter)
        ends = sorted(read_ends(base.path, tokenizer))
        return cls(model, tokenizer, ends, bench.encode(tokenizer), bench.max_new_tokens)

    def as_form(self, bench: Bench) -> Form:
        """Answer all prompts in batches."""
        return Form(lambda: self.answer(len(self.prompts), batch_size=bench.batch_size))

    def answer(self, count: int, *, batch_size: int) -> Answers:
        """Answer some of the prompts, of all lengths, in batches of similar length."""
        step = max(1, len(self.prompts) // max(1, count))
        chosen = self.prompts[::step][:count]
        answers: dict[str, tuple[str, int]] = {}
        for start in range(0, len(chosen), batch_size):
            batch = chosen[start : start + batch_size]
            for (key, _), tokens in zip(batch, self._generate([ids for _, ids in batch]), strict=True):
                places = [place for place, token in enumerate(tokens) if token in self.ends]
                answers[key] = ("", places[0] + 1 if places else len(tokens))
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
