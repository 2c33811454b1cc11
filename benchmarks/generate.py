"""Compare taco's backends with transformers' own generate, and with the engines themselves, on the same prompts.

    python benchmarks/generate.py --prompts question.jsonl --adapter runs/NAME/train/adapter
    python benchmarks/generate.py --prompts question.jsonl --adapter ... --count 16 --single 4 --max-new-tokens 128 --rounds 2

All decode greedily with the same limit and the same adapter. `taco` is what a run does: loop guard, sections, tokens and
seconds; `raw` is the engine alone: no guard, no accounting, no text. Each round runs all forms in turn, so that other
work on the machine meets all alike; the best round counts. Times include reading the prompts and leave loading out. The
guard ends answers that repeat themselves, so a form's tokens differ: compare tokens a second, and seconds for the whole.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path

os.environ.setdefault(
    "OMP_WAIT_POLICY", "PASSIVE"
)  # before any engine is loaded; spinning threads slow each other down

from generate_forms import Bench, Form, Run, build_forms, read_prompts
from taco.generate.backend import Setup
from taco.model.options import EMBEDDED_BASE, ModelOptions
from taco.progress import open_progress
from taco.store.cache import cache_folder

SINGLE = "transformers, one by one"


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=EMBEDDED_BASE)
    parser.add_argument("--adapter", type=Path, help="folder of a tuned adapter; the base model alone if left out")
    parser.add_argument(
        "--prompts", type=Path, help="heldout.jsonl of a run or FastChat's question.jsonl; else seed rows"
    )
    parser.add_argument("--language", default="gl", help="target language of the adapter's chain")
    parser.add_argument("--count", type=int, default=80, help="number of prompts")
    parser.add_argument("--single", type=int, help="of these, prompts that transformers answers one by one; 0 for none")
    parser.add_argument("--max-new-tokens", type=int, default=512)
    parser.add_argument("--batch-size", type=int, default=80)
    parser.add_argument("--threads", type=int, help="CPU threads; torch's choice if left out")
    parser.add_argument("--dtype", default="fp32", choices=("fp32", "bf16"), help="of the transformers forms")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--forms", default="transformers,ctranslate2,llamacpp", help="backends, in order")
    parser.add_argument(
        "--lead-outs", type=int, default=4, help="times that an answer is led out of a loop before it ends"
    )
    parser.add_argument("--no-raw", action="store_true", help="leave the engines alone out")
    measure(parser.parse_args())


def measure(asked: argparse.Namespace) -> None:
    """Run every form in turn and print a table."""
    model = ModelOptions(base=asked.base, threads=asked.threads, dtype=asked.dtype)
    bench = Bench(
        setup=Setup(model=model, adapter=asked.adapter, cache=cache_folder(), progress=open_progress()),
        prompts=read_prompts(asked.prompts, language=asked.language, is_tuned=asked.adapter is not None)[: asked.count],
        max_new_tokens=asked.max_new_tokens,
        batch_size=asked.batch_size,
        lead_outs=asked.lead_outs,
        single=asked.count if asked.single is None else asked.single,
    )
    forms = build_forms(bench, asked.forms.split(","), with_raw=not asked.no_raw)
    print_machine(asked.threads or os.cpu_count() or 1)
    print(
        f"{asked.base}, adapter {asked.adapter or 'none'}, {len(bench.prompts)} prompts ({bench.single} one by one), at most "
        f"{asked.max_new_tokens} new tokens, batches of {asked.batch_size}, {asked.dtype}, best of {asked.rounds}; taco's "
        f"led out of loops {asked.lead_outs} times"
    )
    print_table(run_rounds(forms, asked.rounds))


def run_rounds(forms: Mapping[str, Form], rounds: int) -> dict[str, Run]:
    """Return each form's best run."""
    best: dict[str, Run] = {}
    for number in range(rounds):
        for name, form in forms.items():
            found = _time(form.answer)
            print(f"round {number + 1}: {name}: {found.tokens} tokens in {found.seconds:.1f} s", flush=True)
            if name not in best or found.speed > best[name].speed:
                best[name] = found
    return best


def _time(answer: Callable[[], Mapping[str, tuple[str, int]]]) -> Run:
    started = time.perf_counter()
    answers = answer()
    return Run(seconds=time.perf_counter() - started, answers=answers)


def print_machine(threads: int) -> None:
    """Print what the figures belong to."""
    found = []
    for name in ("torch", "transformers", "peft", "ctranslate2", "xllamacpp", "taco-llm"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} CPUs, {threads} threads{load}")
    print(f"Python {platform.python_version()}, {', '.join(found)}")


def print_table(runs: Mapping[str, Run]) -> None:
    """Print one line a form: its speed beside that of transformers one by one, and beside its own engine alone."""
    single = runs.get(SINGLE)
    print(f"{'form':<26}{'seconds':>9}{'answers':>9}{'tokens':>9}{'tokens/s':>10}{'/ single':>10}{'/ raw':>8}")
    for name, run in runs.items():
        over_single = f"{run.speed / single.speed:.2f}x" if single else ""
        raw = runs.get(name.replace("taco ", "raw ")) if name.startswith("taco ") else None
        over_raw = f"{100 * run.speed / raw.speed:.0f} %" if raw else ""
        print(
            f"{name:<26}{run.seconds:>9.1f}{len(run.answers):>9}{run.tokens:>9}{run.speed:>10.1f}{over_single:>10}{over_raw:>8}"
        )
    taco = [run.speed for name, run in runs.items() if name.startswith("taco ")]
    raws = [run.speed for name, run in runs.items() if name.startswith("raw ")]
    if taco and raws:
        print(f"best of taco / best engine alone: {100 * max(taco) / max(raws):.0f} %")


if __name__ == "__main__":
    main()
