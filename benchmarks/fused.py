"""What the fused parts of a training step on a CPU win, each switched on and off in turn in one process.

    taco run recipes/quickstart.toml --until chain --set name=bench --set source.path=alpaca.json --set source.limit=200
    python benchmarks/fused.py --chain runs/bench/chain

First the fp32 products of the base model's shapes, by MKL and by oneDNN, one thread. Then the gradients of the longest rows,
a pass for each, as many at a time as there are threads, in these forms (docs/decisions/0040):

- *plain*: PEFT's layers, all logits of a pass at once, torch's own products;
- *layers*: LoRA layers and frozen layers as one step of differentiation each;
- *head*: these, and the loss behind the output layer with its gradient in one go;
- *onednn*: these, and oneDNN's products.

Printed: tokens a second by the clock and by processor time, the median of all rounds; resident memory at most, on Linux; and how
far the gradients of the shortest of these rows are from fp64, the worst weight's.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from taco.model.base import resolve_base
from taco.model.load import load_model, load_tokenizer
from taco.model.options import EMBEDDED_BASE, ModelOptions
from taco.pipeline.usage import Meter
from taco.progress import open_progress
from taco.records import Example
from taco.store.cache import cache_folder
from taco.store.jsonl import read_records
from taco.train import products
from taco.train.adapter import add_adapter
from taco.train.dropout import seeded_dropout
from taco.train.fused import fused_layers
from taco.train.objective import MOST_LOGITS, attention_of_rows, sum_token_losses
from taco.train.options import TrainOptions
from taco.train.tokens import EncodedRow, encode_examples

FORMS = ("plain", "layers", "head", "onednn")


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=EMBEDDED_BASE)
    parser.add_argument("--chain", type=Path, required=True, help="folder with train.jsonl")
    parser.add_argument("--rows", type=int, default=4, help="rows of a round")
    parser.add_argument("--most", type=int, default=800, help="tokens of the longest row")
    parser.add_argument("--rounds", type=int, default=6)
    asked = parser.parse_args()
    model, rows = load(asked)
    threads = torch.get_num_threads()
    print(f"torch {torch.__version__}, {threads} threads, oneDNN by default: {products.prefers_onednn()}")
    print_products(model)
    print(f"{len(rows)} rows of {', '.join(str(len(row.input_ids)) for row in rows)} tokens")
    shortest = min(rows, key=lambda row: len(row.input_ids))
    with attention_of_rows(model.get_base_model(), rows):
        speeds = measure_speeds(model, rows, threads=threads, rounds=asked.rounds)
        errors = measure_errors(model, shortest)
    for form, error in errors.items():
        wall, processor, peak = (statistics.median(column) for column in zip(*speeds[form], strict=True))
        print(
            f"{form:8} {wall:6.1f} tokens/s by the clock, {processor:6.1f} by processor time, {peak:,.0f} MiB; "
            f"worst gradient {error:.1e} from fp64"
        )


def load(asked: argparse.Namespace) -> tuple[Any, list[EncodedRow]]:
    """Return the base with an adapter, and the longest rows."""
    base = resolve_base(ModelOptions(base=asked.base), cache=cache_folder(), progress=open_progress())
    examples = list(read_records(asked.chain / "train.jsonl", Example))
    rows, _ = encode_examples(examples, load_tokenizer(base), max_row_tokens=asked.most)
    rows = sorted(rows, key=lambda row: -len(row.input_ids))[: asked.rows]
    model = add_adapter(load_model(base), TrainOptions(), base_name=base.name).train()
    for name, weight in model.named_parameters():
        if "lora_B" in name:  # else A has no gradient
            torch.nn.init.normal_(weight, std=0.02, generator=torch.Generator().manual_seed(0))
    return model, rows


@contextmanager
def take_form(model: Any, form: str) -> Iterator[int | None]:
    """Switch the parts of a form on; yield the bound on logits."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(products, "prefers_onednn", lambda: form == "onednn"))
        if form != "plain":
            stack.enter_context(fused_layers(model))
        yield MOST_LOGITS if form in ("head", "onednn") else None


def differentiate(model: Any, row: EncodedRow, most_logits: int | None) -> Sequence[torch.Tensor]:
    """Return the gradient of the sum of a row's losses."""
    with seeded_dropout(row.id, device="cpu"):
        loss = sum_token_losses(model, [row], most_logits=most_logits)
    return torch.autograd.grad(loss, [weight for weight in model.parameters() if weight.requires_grad])


def run_passes(model: Any, rows: Sequence[EncodedRow], form: str, threads: int) -> None:
    """Differentiate each row, one thread to each."""
    with take_form(model, form) as most_logits, ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda row: differentiate(model, row, most_logits), rows))


def measure_speeds(
    model: Any, rows: Sequence[EncodedRow], *, threads: int, rounds: int
) -> dict[str, list[tuple[float, float, float]]]:
    """Return form -> (tokens a second by the clock, by processor time and threads, MiB at most) for each round."""
    torch.set_num_threads(1)
    tokens = sum(len(row.input_ids) for row in rows)
    found: dict[str, list[tuple[float, float, float]]] = {form: [] for form in FORMS}
    for number in range(rounds + 1):
        for form in FORMS:
            gc.collect()
            meter = Meter()
            run_passes(model, rows, form, threads)
            used = meter.read()
            if number:  # the first round warms up
                found[form].append((tokens / used.seconds, threads * tokens / used.cpu_seconds, used.peak_mib))
    return found


def measure_errors(model: Any, row: EncodedRow) -> dict[str, float]:
    """Return form -> the relative distance of the worst weight's gradient from that in fp64."""
    model.eval()
    found = {}
    for form in FORMS:
        with take_form(model, form) as most_logits:
            found[form] = differentiate(model, row, most_logits)
    exact = differentiate(make_exact(model), row, None)
    return {
        form: max(
            float((one.double() - other).norm() / other.norm()) for one, other in zip(gradients, exact, strict=True)
        )
        for form, gradients in found.items()
    }


def make_exact(model: Any) -> Any:
    """Turn a model into fp64, its norms too, which transformers computes in fp32 whatever the rest is."""
    for name, norm in list(model.named_modules()):
        if type(norm).__name__.endswith("RMSNorm"):
            exact = torch.nn.RMSNorm(norm.weight.shape, eps=norm.variance_epsilon)
            exact.weight = norm.weight
            model.set_submodule(name, exact)
    return model.double()


def print_products(model: Any) -> None:
    """Print what both libraries do with the base model's shapes, one thread, 763 rows."""
    torch.set_num_threads(1)
    base = model.get_base_model()
    layers = [layer for layer in base.modules() if isinstance(layer, torch.nn.Linear) and layer.in_features > 64]
    shapes = {(layer.out_features, layer.in_features) for layer in layers if layer.out_features > 64}
    for out, wide in sorted(shapes):
        rows, weight, back = torch.randn(763, wide), torch.randn(out, wide), torch.randn(763, out)
        speeds = []
        for is_onednn in (False, True):
            with patch.object(products, "prefers_onednn", lambda is_onednn=is_onednn: is_onednn):
                for given, other in ((rows, weight), (back, weight.t())):
                    speeds.append(2e-9 * rows.shape[0] * wide * out / time_product(given, other))
        print(
            f"{wide:>6} to {out:<6} MKL {speeds[0]:.0f}, back {speeds[1]:.0f}; oneDNN {speeds[2]:.0f}, back {speeds[3]:.0f} GFLOP/s"
        )


def time_product(rows: torch.Tensor, weight: torch.Tensor) -> float:
    """Return the seconds of a product, the fastest of some."""
    taken = []
    for _ in range(12):
        started = time.perf_counter()
        products.multiply(rows, weight)
        taken.append(time.perf_counter() - started)
    return min(taken)


if __name__ == "__main__":
    main()
