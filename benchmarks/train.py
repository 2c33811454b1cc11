"""Compare taco's training step with a plain padded loop: same rows, same adapter, same optimiser steps, interleaved.

    python benchmarks/train.py --rows 48 --threads 2 --rounds 2

Rows are chains of the package's seed set, their English response standing in for a translation unless --chain names a
folder with train.jsonl. "plain" is a batch of rows as they come, padded to the longest, with logits for every position.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from taco.chain.template import find_template
from taco.languages.table import find_language
from taco.model.base import resolve_base
from taco.model.libraries import quiet_libraries
from taco.model.load import load_model, load_tokenizer
from taco.model.options import EMBEDDED_BASE, ModelOptions
from taco.progress import open_progress
from taco.records import Chain, Example
from taco.source.seed import read_seed_lines
from taco.store.cache import cache_folder
from taco.store.jsonl import read_records
from taco.train.adapter import add_adapter
from taco.train.batches import plan_batches
from taco.train.objective import sum_token_losses
from taco.train.options import TrainOptions
from taco.train.tokens import EncodedRow, encode_examples

HELD_OUT = 8
Loop = Callable[[Any, Sequence[EncodedRow]], Iterable[tuple[int, int]]]
"""(model, rows) -> after each optimiser step's gradient: tokens, learnt tokens."""


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=EMBEDDED_BASE)
    parser.add_argument("--chain", type=Path, help="folder with train.jsonl; seed rows if left out")
    parser.add_argument("--rows", type=int, default=48, help="rows to train on")
    parser.add_argument("--threads", type=int, help="CPU threads; torch's choice if left out")
    parser.add_argument("--slots", default="256", help="tokens in a forward pass, several with commas")
    parser.add_argument("--batch", type=int, default=8, help="rows in an optimiser step")
    parser.add_argument("--rounds", type=int, default=2, help="times that each form is measured, in turn")
    measure(parser.parse_args())


def measure(asked: argparse.Namespace) -> None:
    """Run every form in turn and print a table with the ratio to the plain loop."""
    import torch

    if asked.threads:
        torch.set_num_threads(asked.threads)
    with quiet_libraries():
        base = resolve_base(ModelOptions(base=asked.base), cache=cache_folder(), progress=open_progress())
        model = add_adapter(load_model(base), TrainOptions(), base_name=base.name)
    examples = list(read_records(asked.chain / "train.jsonl", Example)) if asked.chain else build_examples()
    rows, _ = encode_examples(examples[: asked.rows + HELD_OUT], load_tokenizer(base), max_row_tokens=2048)
    held_out, rows = rows[:HELD_OUT], rows[HELD_OUT:]
    print_machine(base.name, rows)
    forms: dict[str, Loop] = {"plain": lambda model, rows: run_plain(model, rows, batch=asked.batch)}
    for slots in (int(number) for number in asked.slots.split(",")):
        forms[f"taco, {slots} tokens a pass"] = bind_taco(slots, asked.batch, torch.get_num_threads())
    first = {name: weight.detach().clone() for name, weight in model.named_parameters() if weight.requires_grad}
    speeds: dict[str, list[float]] = {form: [] for form in forms}
    losses: dict[str, float] = {}
    for _ in range(asked.rounds):
        for form, loop in forms.items():
            reset(model, first)
            speeds[form].append(train(model, rows, loop))
            losses[form] = evaluate(model, held_out)
    plain = statistics.median(speeds["plain"])
    print(f"{'form':<28}{'tokens/s':>10}{'ratio':>8}{'held-out loss':>16}   all rounds")
    for form, found in speeds.items():
        median = statistics.median(found)
        rounds = ", ".join(f"{speed:.0f}" for speed in found)
        print(f"{form:<28}{median:>10.0f}{median / plain:>8.2f}{losses[form]:>16.4f}   {rounds}")


def build_examples() -> list[Example]:
    """Render the seed set as chains, with the English response in the place of the translated one."""
    template, language = find_template("taco"), find_language("gl")
    examples = []
    for origin, line in read_seed_lines():
        row = json.loads(line)
        asked = f"{row['instruction']}\n\n{row['input']}".strip()
        chain = Chain(instruction_en=asked, response_en=row["response"], response=row["response"])
        examples.append(
            Example(
                id=origin,
                language=language.code,
                category=row["category"],
                template=template.name,
                system=template.system(language),
                prompt=asked,
                completion=template.render(chain, language),
                chain=chain,
            )
        )
    return examples


def bind_taco(slots: int, batch: int, threads: int) -> Loop:
    """Return taco's loop with packed micro-batches of `slots` tokens."""
    from taco.train.workers import Workers

    def run(model: Any, rows: Sequence[EncodedRow]) -> Iterable[tuple[int, int]]:
        plan = plan_batches(rows, epochs=1, effective_batch=batch, micro_batch_tokens=slots, seed=0)
        with Workers(threads, most=max(len(step.micro_batches) for step in plan), on_cpu=True) as workers:
            for step in plan:
                workers.add_gradients(model, step, seed=0)
                yield step.tokens, step.supervised_tokens

    return run


def run_plain(model: Any, rows: Sequence[EncodedRow], *, batch: int) -> Iterable[tuple[int, int]]:
    """Run the same steps as one padded batch each, with transformers' own loss."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    for step in plan_batches(rows, epochs=1, effective_batch=batch, micro_batch_tokens=1, seed=0):
        ids = pad_sequence([torch.tensor(row.input_ids) for row in step.rows], batch_first=True)
        labels = pad_sequence([torch.tensor(row.labels) for row in step.rows], batch_first=True, padding_value=-100)
        mask = pad_sequence([torch.ones(len(row.input_ids), dtype=torch.long) for row in step.rows], batch_first=True)
        model(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).loss.backward()
        yield step.tokens, step.supervised_tokens


def train(model: Any, rows: Sequence[EncodedRow], loop: Loop) -> float:
    """Train on all rows once; return tokens a second, prompts counted and padding not."""
    import torch

    torch.manual_seed(0)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=1e-3, weight_decay=0.0)
    model.train()
    started, tokens = time.perf_counter(), 0
    for step_tokens, _ in loop(model, rows):
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        tokens += step_tokens
    return tokens / (time.perf_counter() - started)


def evaluate(model: Any, rows: Sequence[EncodedRow]) -> float:
    """Return the mean loss of the learnt tokens of rows that were not trained on."""
    import torch

    model.eval()
    with torch.no_grad():
        total = sum(float(sum_token_losses(model, [row])) for row in rows)
    return total / sum(row.supervised_tokens for row in rows)


def reset(model: Any, first: dict[str, Any]) -> None:
    """Put the adapter's first weights back."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name in first:
                weight.copy_(first[name])


def print_machine(base: str, rows: Sequence[EncodedRow]) -> None:
    """Print what the figures depend on."""
    import peft
    import torch
    import transformers

    lengths = [len(row.input_ids) for row in rows]
    print(f"machine: {platform.machine()}, {read_processor()}, {torch.get_num_threads()} threads")
    print(f"versions: torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}")
    print(f"matrix multiply, 512 x 576 x 1536 fp32: {measure_matmul():.0f} GFLOP/s")
    print(
        f"base: {base}; {len(rows)} rows of {min(lengths)}-{max(lengths)} tokens, mean {statistics.mean(lengths):.0f}"
    )


def read_processor() -> str:
    """Return the processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def measure_matmul() -> float:
    """Return GFLOP/s of the matrix product that dominates this model."""
    import torch

    left, right = torch.randn(512, 576), torch.randn(576, 1536)
    for _ in range(10):
        left @ right
    started = time.perf_counter()
    for _ in range(100):
        left @ right
    return 100 * 2 * 512 * 576 * 1536 / (time.perf_counter() - started) / 1e9


if __name__ == "__main__":
    main()
