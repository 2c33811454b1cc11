"""What clients at once see of a server: time to the first token and to the first word of the answer, refusals, memory.

    python benchmarks/serve.py URL --model auto --clients 64 --rounds 5 --pid PID

Each client asks one streamed question after the other. Printed as JSON:

- *first_token_s*, *first_answer_s*, *whole_s*: p50 and p95 of the seconds from request to the first event with text, to the
  first character of the target section, and to the end.
- *statuses*: how many replies had which status; 429 is the only documented one but 200.
- *tokens_per_s*: tokens of all answers, English sections included, over the seconds that the whole took.
- *memory_mib*: resident memory of the process `--pid` after each round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

QUESTIONS = (
    "Cales son as cores da bandeira?",
    "Escribe unha lista de tres froitas.",
    "Que é a fotosíntese?",
    "Dáme unha receita de pan.",
    "Quen escribiu o Quixote?",
)


@dataclass(slots=True)
class Seen:
    """What all clients saw."""

    first_token_s: list[float] = field(default_factory=list)
    first_answer_s: list[float] = field(default_factory=list)
    whole_s: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    tokens: int = 0


async def ask(client: httpx2.AsyncClient, question: str, *, fields: dict[str, object], seen: Seen) -> None:
    """Ask one question and write down what was seen."""
    messages = [{"role": "user", "content": question}]
    body = {"messages": messages, "stream": True, "stream_options": {"include_usage": True}, **fields}
    started = time.perf_counter()
    is_first, has_answer = True, False
    async with client.stream("POST", "/v1/chat/completions", json=body) as reply:
        seen.statuses[reply.status_code] += 1
        if reply.status_code != 200:
            return
        async for line in reply.aiter_lines():
            if not line.startswith("data: {"):
                continue
            event = json.loads(line[6:])
            delta = event["choices"][0]["delta"] if event["choices"] else {}
            if is_first and (delta.get("content") or delta.get("reasoning_content")):
                is_first = False
                seen.first_token_s.append(time.perf_counter() - started)
            if not has_answer and delta.get("content"):
                has_answer = True
                seen.first_answer_s.append(time.perf_counter() - started)
            seen.tokens += (event.get("usage") or {}).get("completion_tokens", 0)
    seen.whole_s.append(time.perf_counter() - started)


def read_memory_mib(pid: int) -> float:
    """Return the resident memory of a process (Linux)."""
    fields = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return round(int(fields.split("VmRSS:")[1].split()[0]) / 1024, 1)


def summarise(seconds: list[float]) -> dict[str, float]:
    """Return the median and the 95th percentile."""
    ordered = sorted(seconds)
    if not ordered:
        return {}
    return {name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) for name, share in
            (("p50", 0.5), ("p95", 0.95))}  # fmt: skip


async def measure(arguments: argparse.Namespace) -> dict[str, object]:
    """Run all rounds."""
    seen, memory = Seen(), []
    fields = {"model": arguments.model, "max_tokens": arguments.max_tokens, "taco": {"chain": arguments.chain}}
    limits = httpx2.Limits(max_connections=arguments.clients)
    started = time.perf_counter()
    async with httpx2.AsyncClient(base_url=arguments.url, timeout=None, limits=limits) as client:
        for _ in range(arguments.rounds):
            questions = [QUESTIONS[number % len(QUESTIONS)] for number in range(arguments.clients)]
            await asyncio.gather(*(ask(client, question, fields=fields, seen=seen) for question in questions))
            if arguments.pid:
                memory.append(read_memory_mib(arguments.pid))
    wall_s = time.perf_counter() - started
    return {
        "clients": arguments.clients,
        "requests": arguments.clients * arguments.rounds,
        "statuses": dict(seen.statuses),
        "first_token_s": summarise(seen.first_token_s),
        "first_answer_s": summarise(seen.first_answer_s),
        "whole_s": summarise(seen.whole_s),
        "tokens_per_s": round(seen.tokens / wall_s, 1),
        "memory_mib": memory,
    }


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--max-tokens", type=int, default=256)
    parser.add_argument("--chain", default="field", help="field, inline (any text counts as the answer) or none")
    parser.add_argument("--pid", type=int, default=0)
    print(json.dumps(asyncio.run(measure(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
