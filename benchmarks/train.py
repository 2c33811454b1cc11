"""taco's training against TRL's SFTTrainer and a plain loop: same rows, same adapter, same optimiser steps, interleaved.

    taco run recipes/quickstart.toml --until chain --set name=bench --set source.path=alpaca.json --set source.limit=200
    python benchmarks/train.py --chain runs/bench/chain --rows 128 --rounds 2

Every form is measured in a process of its own, so that its peak memory is its own, and the forms take turns, so that other
work on the machine meets all alike. Forms:

- *plain*: batches as they come, padded to the longest row, logits for every position, transformers' own loss;
- *trl*: TRL's SFTTrainer as it is: one padded batch a step, gradient checkpointing on;
- *trl-open*: the same without gradient checkpointing;
- *trl-2x4*: without it, batches of 2 accumulated 4 times: the best setting of TRL that was found;
- *trl-1x8*, *trl-packed*: single rows accumulated, and TRL's packing;
- *taco*: `taco.train.run.run_train` as a recipe calls it; *taco:512* with 512 tokens in a pass.

A form's speed is its tokens (prompts counted, padding not) over the seconds between the beginning of its first step and the
end of its last one. Its loss is that of 8 rows that none is trained on, after the same steps. TRL must be installed
(`pip install trl`) for its forms; without it they are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taco.chain.formats import find_template
from taco.languages.table import find_language
from taco.model.base import resolve_base
from taco.model.libraries import quiet_libraries
from taco.model.load import load_model, load_tokenizer
from taco.model.options import EMBEDDED_BASE, ModelOptions
from taco.progress import SilentProgress, open_progress
from taco.records import Chain, Example
from taco.source.seed import read_seed_lines
from taco.store.cache import cache_folder
from taco.store.jsonl import read_records, write_records
from taco.train.adapter import add_adapter
from taco.train.batches import plan_batches
from taco.train.objective import sum_token_losses
from taco.train.options import TrainOptions
from taco.train.tokens import EncodedRow, encode_examples

HELD_OUT = 8
SEED = 17
TRL = {
    "trl": {"per_device_train_batch_size": 8},
    "trl-open": {"per_device_train_batch_size": 8, "gradient_checkpointing": False},
    "trl-2x4": {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 4, "gradient_checkpointing": False},
    "trl-1x8": {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 8, "gradient_checkpointing": False},
    "trl-packed": {"per_device_train_batch_size": 1, "packing": True, "gradient_checkpointing": False},
}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=EMBEDDED_BASE)
    parser.add_argument("--chain", type=Path, help="folder with train.jsonl; seed rows if left out")
    parser.add_argument("--rows", type=int, default=128, help="rows to train on")
    parser.add_argument("--threads", type=int, help="CPU threads; torch's choice if left out")
    parser.add_argument("--batch", type=int, default=8, help="rows in an optimiser step; TRL's forms take 8")
    parser.add_argument("--dropout", type=float, default=0.05, help="dropout before the adapter")
    parser.add_argument("--forms", default="plain,trl,trl-open,trl-2x4,trl-1x8,taco,taco:512")
    parser.add_argument("--rounds", type=int, default=2, help="times that each form is measured, in turn")
    parser.add_argument("--form", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.form:
        print(json.dumps(measure(asked)))
        return
    compare(asked)


def compare(asked: argparse.Namespace) -> None:
    """Run the forms in turn, each in a new process, and print a table."""
    forms = [form for form in asked.forms.split(",") if not form.startswith("trl") or importlib.util.find_spec("trl")]
    found: dict[str, list[dict[str, float]]] = {form: [] for form in forms}
    print_machine(asked)
    for _ in range(asked.rounds):
        for form in forms:
            command = [sys.executable, __file__, *sys.argv[1:], "--form", form]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found[form].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{form}: {found[form][-1]}", file=sys.stderr, flush=True)
    first = statistics.median(one["tokens_per_s"] for one in found[forms[0]])
    print(f"{'form':<12}{'tokens/s':>10}{'to ' + forms[0]:>10}{'peak MB':>9}{'loss':>9}   all rounds")
    for form, rounds in found.items():
        speeds = [one["tokens_per_s"] for one in rounds]
        median = statistics.median(speeds)
        peak, loss = max(one["peak_mb"] for one in rounds), rounds[0]["loss"]
        every = ", ".join(f"{speed:.0f}" for speed in speeds)
        print(f"{form:<12}{median:>10.0f}{median / first:>10.2f}{peak:>9.0f}{loss:>9.4f}   {every}")


def measure(asked: argparse.Namespace) -> dict[str, float]:
    """Train in one form; return speed, peak memory and held-out loss."""
    import torch

    if asked.threads:
        torch.set_num_threads(asked.threads)
    with quiet_libraries(), tempfile.TemporaryDirectory() as folder:
        base = resolve_base(ModelOptions(base=asked.base), cache=cache_folder(), progress=open_progress())
        examples = read_examples(asked)
        rows, _ = encode_examples(examples, load_tokenizer(base), max_row_tokens=2048)
        held_out, rows = rows[:HELD_OUT], rows[HELD_OUT:]
        options = set_options(asked)
        if asked.form.startswith("taco"):
            model, seconds = train_taco(asked, examples[HELD_OUT:], options, Path(folder), base)
        else:
            model = add_adapter(load_model(base), options, base_name=base.name)
            ordered = [row for step in plan_steps(rows, asked.batch) for row in step]
            if asked.form == "plain":
                seconds = train_plain(model, plan_steps(rows, asked.batch), options)
            else:
                seconds = train_trl(model, ordered, options, load_tokenizer(base), Path(folder), TRL[asked.form])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        tokens = sum(len(row.input_ids) for row in rows)
        return {
            "tokens_per_s": round(tokens / seconds, 1),
            "peak_mb": round(peak),
            "loss": round(evaluate(model, held_out), 4),
            "tokens": tokens,
            "seconds": round(seconds, 1),
        }


def set_options(asked: argparse.Namespace) -> TrainOptions:
    """Return what all forms share: one epoch, a constant rate."""
    _, _, slots = (asked.form or "").partition(":")
    return TrainOptions(
        epochs=1,
        effective_batch=asked.batch,
        schedule="constant",
        warmup_ratio=0,
        dropout=asked.dropout,
        save_every_steps=1_000_000,
        **({"micro_batch_tokens": int(slots)} if slots else {}),
    )


def plan_steps(rows: Sequence[EncodedRow], batch: int) -> list[list[EncodedRow]]:
    """Return the rows of each optimiser step, in taco's order."""
    plan = plan_batches(rows, epochs=1, effective_batch=batch, micro_batch_tokens=1, seed=SEED)
    return [step.rows for step in plan]


def train_taco(
    asked: argparse.Namespace, examples: Sequence[Example], options: TrainOptions, folder: Path, base: Any
) -> tuple[Any, float]:
    """Train as a recipe does; return the model with its adapter, and the seconds of all steps."""
    from peft import PeftModel

    from taco.train.run import run_train

    write_records(folder / "train.jsonl", examples)
    write_records(folder / "heldout.jsonl", examples[:1])
    model = ModelOptions(base=asked.base, threads=asked.threads)
    counted = run_train(
        options,
        model=model,
        chain=folder,
        out=folder / "train",
        cache=cache_folder(),
        seed=SEED,
        progress=SilentProgress(),
    ).counters
    loaded = PeftModel.from_pretrained(load_model(base), folder / "train" / "adapter")
    return loaded, float(counted["tokens"]) / float(counted["tokens_per_s"])


def train_plain(model: Any, steps: Sequence[Sequence[EncodedRow]], options: TrainOptions) -> float:
    """Run every step as one padded batch; return seconds."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    torch.manual_seed(SEED)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=options.learning_rate, weight_decay=0.0)
    model.train()
    started = time.perf_counter()
    for rows in steps:
        ids = pad_sequence([torch.tensor(row.input_ids) for row in rows], batch_first=True)
        labels = pad_sequence([torch.tensor(row.labels) for row in rows], batch_first=True, padding_value=-100)
        mask = pad_sequence([torch.ones(len(row.input_ids), dtype=torch.long) for row in rows], batch_first=True)
        model(input_ids=ids, attention_mask=mask, labels=labels, use_cache=False).loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, options.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
    return time.perf_counter() - started


def train_trl(
    model: Any,
    rows: Sequence[EncodedRow],
    options: TrainOptions,
    tokenizer: Any,
    folder: Path,
    settings: dict[str, Any],
) -> float:
    """Train with SFTTrainer on the same tokens and labels in the same order; return seconds."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    class Watch(TrainerCallback):
        begun = ended = 0.0

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.begun = self.begun or time.perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.ended = time.perf_counter()

    arguments = SFTConfig(
        output_dir=str(folder),
        num_train_epochs=1,
        learning_rate=options.learning_rate,
        lr_scheduler_type="constant",
        weight_decay=0.0,
        max_grad_norm=options.max_grad_norm,
        train_sampling_strategy="sequential",
        max_length=2048,
        use_cpu=True,
        bf16=False,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        logging_steps=1,
        seed=SEED,
        **settings,
    )
    columns = {"input_ids": [list(row.input_ids) for row in rows], "labels": [list(row.labels) for row in rows]}
    watch = Watch()
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict(columns),
        processing_class=tokenizer,
        callbacks=[watch],
    )
    trainer.train()
    return watch.ended - watch.begun


def evaluate(model: Any, rows: Sequence[EncodedRow]) -> float:
    """Return the mean loss of the learnt tokens of rows that were not trained on."""
    import torch

    model.eval()
    with torch.no_grad():
        total = sum(float(sum_token_losses(model, [row])) for row in rows)
    return total / sum(row.supervised_tokens for row in rows)


def read_examples(asked: argparse.Namespace) -> list[Example]:
    """Return the rows held out here, then those to train on."""
    examples = list(read_records(asked.chain / "train.jsonl", Example)) if asked.chain else build_examples()
    return examples[: asked.rows + HELD_OUT]


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


def print_machine(asked: argparse.Namespace) -> None:
    """Print what the figures depend on, and the bound that the machine sets."""
    import peft
    import torch
    import transformers

    if asked.threads:
        torch.set_num_threads(asked.threads)
    with quiet_libraries():
        base = resolve_base(ModelOptions(base=asked.base), cache=cache_folder(), progress=open_progress())
        rows, _ = encode_examples(read_examples(asked), load_tokenizer(base), max_row_tokens=2048)
        model = load_model(base)
        flop = count_flop(model, rows[HELD_OUT:])
        all_flop = count_all_flop(model, rows[HELD_OUT:], set_options(asked))
    rows = rows[HELD_OUT:]
    lengths = [len(row.input_ids) for row in rows]
    speed = measure_matmul()
    trl = importlib.util.find_spec("trl") and __import__("importlib.metadata").metadata.version("trl")
    print(f"machine: {platform.machine()}, {read_processor()}, {torch.get_num_threads()} threads")
    print(
        f"versions: torch {torch.__version__}, transformers {transformers.__version__}, peft {peft.__version__}, trl {trl}"
    )
    print(
        f"base: {base.name}; {len(rows)} rows of {min(lengths)}-{max(lengths)} tokens, mean {statistics.mean(lengths):.0f}"
    )
    print(
        f"bound: {speed:.0f} GFLOP/s (fp32 product 512 x 576 x 1536) over {flop / 1e9:.3f} GFLOP a token "
        f"= {speed * 1e9 / flop:.0f} tokens/s; with attention's and the adapter's products {all_flop / 1e9:.3f} GFLOP, "
        f"{speed * 1e9 / all_flop:.0f} tokens/s",
        flush=True,
    )


def count_flop(model: Any, rows: Sequence[EncodedRow]) -> float:
    """Return the operations that a token needs at least: forward and backward through every frozen matrix.

    Two operations for each weight forward, two backward (activations only: frozen weights have no gradient), in the
    vocabulary's matrix for learnt tokens only. Attention's products and the adapter's are left out, so the bound is
    high; `count_all_flop` has them.
    """
    import torch

    head = model.get_output_embeddings().weight.numel()
    body = sum(
        module.weight.numel()
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not model.get_output_embeddings()
    )
    tokens = sum(len(row.input_ids) for row in rows)
    learnt = sum(row.supervised_tokens for row in rows)
    return 4.0 * (body + head * learnt / tokens)


def count_all_flop(model: Any, rows: Sequence[EncodedRow], options: TrainOptions) -> float:
    """Return the operations that a token needs at least, with attention's six products of causal rows and the adapter's.

    A product of attention has two operations for each pair of a token with itself or an earlier one, head and number
    of a head; the six are scores and sum forward, and their four gradients.
    """
    config = model.config
    head_width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    pairs = sum(len(row.input_ids) * (len(row.input_ids) + 1) / 2 for row in rows)
    attention = 12.0 * pairs * config.num_attention_heads * head_width * config.num_hidden_layers
    adapted = [module for name, module in model.named_modules() if name.rpartition(".")[2] in options.targets]
    adapter = 6.0 * options.rank * sum(module.in_features + module.out_features for module in adapted)
    return count_flop(model, rows) + attention / sum(len(row.input_ids) for row in rows) + adapter


def read_processor() -> str:
    """Return the processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def measure_matmul() -> float:
    """Return GFLOP/s of the matrix product that dominates this model, the best of five."""
    import torch

    left, right = torch.randn(512, 576), torch.randn(576, 1536)
    best = 0.0
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(100):
            left @ right
        best = max(best, 100 * 2 * 512 * 576 * 1536 / (time.perf_counter() - started) / 1e9)
    return best


if __name__ == "__main__":
    main()
