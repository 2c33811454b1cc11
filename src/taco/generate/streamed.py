"""What other engines need to answer as the reference backend does: its prompts, its ends, its guard.

So answers differ only where the engine's numbers do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from taco.errors import ModelError
from taco.generate.aside import Outbox
from taco.generate.backend import Prompt, Refusal
from taco.generate.guarded_row import GuardedRow
from taco.generate.shared_clock import SharedClock
from taco.model.base import Base
from taco.model.prompt import encode_prefix, encode_turns, end_token_id

_ENDLESS = 2**31
_MIB = 2**20


class TokenStream(Protocol):
    """An engine with a model in it."""

    def stream(
        self, tokens: Sequence[int], *, limit: int, forbidden: int | None = None, penalty: float = 1.0
    ) -> Iterator[int]:
        """Yield the likeliest tokens after some others; a forbidden one is only kept out of the first place.

        Of the penalty see `Limits`; how far back it looks is the engine's own.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What is needed besides the engine.

    Attributes:
        tokenizer: The base model's tokenizer.
        ends: Ids of the tokens that end an answer.
        context: Tokens that prompt and answer may have together.
        token_bytes: Memory that the keys and values of one token take in 32 bits, by estimate; 0 where it is not known.
    """

    tokenizer: Any
    ends: frozenset[int]
    context: int
    token_bytes: int = 0

    def count_rows(self, tokens: int, *, most: int, cache_mib: int) -> int:
        """Return how many answers may grow together: at least one.

        Args:
            tokens: Tokens of the longest, prompt included.
            most: Answers at most.
            cache_mib: Memory for their keys and values in MiB.
        """
        fit = cache_mib * _MIB // max(1, tokens * self.token_bytes)
        return max(1, min(most, fit))


def read_speech(base: Base, tokenizer: Any, *, context: int | None = None) -> Speech:
    """Read from a base model's folder what decoding must know.

    Args:
        base: The base model.
        tokenizer: Its tokenizer.
        context: Tokens that the engine has room for; None for all that the model can hold.

    Raises:
        ModelError: A file of it is damaged.
    """
    settings = _read_json(base.path / "config.json")
    return Speech(
        tokenizer=tokenizer,
        ends=read_ends(base.path, tokenizer),
        context=min(int(settings.get("max_position_embeddings") or _ENDLESS), context or _ENDLESS),
        token_bytes=_estimate_token_bytes(settings),
    )


def read_ends(folder: Path, tokenizer: Any) -> frozenset[int]:
    """Return the ids of all tokens that end an answer of the model in a folder."""
    settings, generation = (_read_json(folder / name) for name in ("config.json", "generation_config.json"))
    named = generation.get("eos_token_id", settings.get("eos_token_id"))
    listed = named if isinstance(named, list) else [named]
    ends = {end_token_id(tokenizer), tokenizer.eos_token_id, *listed}
    return frozenset(int(token) for token in ends if token is not None)


def fit_prompts(prompts: Sequence[Prompt], speech: Speech) -> tuple[list[tuple[Prompt, list[int]]], list[Refusal]]:
    """Return the prompts that the context holds, with their tokens, the shortest first; and refusals of the others."""
    fitting: list[tuple[Prompt, list[int]]] = []
    refusals: list[Refusal] = []
    for prompt in prompts:
        ids = encode_turns(speech.tokenizer, system=prompt.system, turns=prompt.turns)
        ids += encode_prefix(speech.tokenizer, prompt.prefix)
        if len(ids) >= speech.context:
            detail = f"{len(ids)} tokens; the model's context holds {speech.context}, one of them for the answer"
            refusals.append(Refusal(id=prompt.id, reason="prompt-too-long", detail=detail))
        else:
            fitting.append((prompt, ids))
    fitting.sort(key=lambda encoded: (len(encoded[1]), encoded[0].id))
    return fitting, refusals


def grow_row(engine: TokenStream, row: GuardedRow, *, clock: SharedClock, outbox: Outbox) -> None:
    """Let one answer grow to its end; it is put into the outbox unless that is stopped before.

    Args:
        engine: Decodes.
        row: The answer, with nothing in it yet.
        clock: Shared with the answers that grow beside it.
        outbox: Where its tokens are counted.

    Raises:
        ModelError: The engine gave nothing.
    """
    read = clock.join()
    try:
        while not row.is_over:
            before = len(row.tokens)
            steps = engine.stream(row.tokens, limit=row.left, forbidden=row.forbidden, penalty=row.penalty)
            with closing(steps) as tokens:  # type: ignore[type-var]
                for token in tokens:
                    last, read = read, clock.read()
                    outbox.count(1)
                    if outbox.is_stopped:
                        return
                    if not row.take(token, read - last):
                        break
            if len(row.tokens) == before:
                raise ModelError(f"The engine gave no token after {before} tokens.")
    finally:
        clock.leave()
    outbox.give(row.conclude())


def _estimate_token_bytes(settings: dict[str, Any]) -> int:
    def read(name: str, otherwise: int) -> int:
        found = settings.get(name)
        return found if isinstance(found, int) and found > 0 else otherwise

    heads = read("num_attention_heads", 0)
    size = read("head_dim", read("hidden_size", 0) // max(1, heads))
    return 2 * 4 * read("num_hidden_layers", 0) * read("num_key_value_heads", heads) * size


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", hint="Copy or download the base model again.") from error
    return found if isinstance(found, dict) else {}
