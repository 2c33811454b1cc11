"""Answering prompts with an engine that yields one answer's tokens one after another.

Prompts, loop guard, ends and text are those of the reference backend, so that answers differ only where the engine's
numbers do. Rows are decoded one at a time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from taco.errors import ModelError
from taco.generate.backend import Generation, Limits, Prompt, Refusal
from taco.generate.detokenise import decode_after, decode_text
from taco.generate.loops import find_loop
from taco.generate.transformers import cut_restart, find_end
from taco.model.base import Base
from taco.model.prompt import encode_prefix, encode_turns, end_token_id

_ENDLESS = 2**31


class TokenStream(Protocol):
    """An engine with a model in it."""

    def stream(
        self, tokens: Sequence[int], *, limit: int, forbidden: int | None = None, penalty: float = 1.0
    ) -> Iterator[int]:
        """Yield the likeliest tokens after some others; a forbidden one is only kept out of the first place.

        Of the penalty see `Limits`; how far back it looks is the engine's own.
        """

    def close(self) -> None:
        """Let go of the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What is needed besides the engine.

    Attributes:
        tokenizer: The base model's tokenizer.
        ends: Ids of the tokens that end an answer.
        context: Tokens that prompt and answer may have together.
    """

    tokenizer: Any
    ends: frozenset[int]
    context: int


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
    )


def read_ends(folder: Path, tokenizer: Any) -> frozenset[int]:
    """Return the ids of all tokens that end an answer of the model in a folder."""
    settings, generation = (_read_json(folder / name) for name in ("config.json", "generation_config.json"))
    named = generation.get("eos_token_id", settings.get("eos_token_id"))
    listed = named if isinstance(named, list) else [named]
    ends = {end_token_id(tokenizer), tokenizer.eos_token_id, *listed}
    return frozenset(int(token) for token in ends if token is not None)


def answer_prompts(
    engine: TokenStream, prompts: Sequence[Prompt], *, speech: Speech, limits: Limits, on_tokens: Callable[[int], None]
) -> Iterator[Generation | Refusal]:
    """Answer each prompt, the shortest first.

    Args:
        engine: Decodes.
        prompts: The questions.
        speech: Tokenizer, ends and context.
        limits: When to stop.
        on_tokens: Called with the number of tokens made since the last call.
    """
    fitting: list[tuple[Prompt, list[int]]] = []
    for prompt in prompts:
        ids = encode_turns(speech.tokenizer, system=prompt.system, turns=prompt.turns)
        ids += encode_prefix(speech.tokenizer, prompt.prefix)
        if len(ids) >= speech.context:
            detail = f"{len(ids)} tokens; the model's context holds {speech.context}, one of them for the answer"
            yield Refusal(id=prompt.id, reason="prompt-too-long", detail=detail)
        else:
            fitting.append((prompt, ids))
    fitting.sort(key=lambda encoded: (len(encoded[1]), encoded[0].id))
    for prompt, ids in fitting:
        yield _answer(engine, prompt, ids, speech=speech, limits=limits, on_tokens=on_tokens)


def _answer(
    engine: TokenStream,
    prompt: Prompt,
    ids: list[int],
    *,
    speech: Speech,
    limits: Limits,
    on_tokens: Callable[[int], None],
) -> Generation:
    from taco.generate.decode import DecodedRow, LoopGuard, judge_row

    tokenizer = speech.tokenizer

    def has_restarted(_: int, tokens: Sequence[int]) -> bool:
        text = decode_text(tokenizer, tokens)
        return find_end(text, prompt) is not None

    def find_period(tokens: Sequence[int], span: int) -> int:
        if not limits.loop_guard:
            return 0
        loop = find_loop(
            tokens, is_wordless=lambda run: not any(map(str.isalpha, decode_text(tokenizer, run))), span=span
        )
        return loop.period if loop else 0

    guard = LoopGuard(find_period=find_period, has_restarted=has_restarted, lead_outs=limits.lead_outs)
    is_guarded = limits.loop_guard or bool(prompt.until)
    row = DecodedRow(0, min(max(1, limits.max_new_tokens - prompt.spent), speech.context - len(ids)))
    while row.finish is None:
        forbidden, row.forbidden = row.forbidden, None
        left, before = row.limit - len(row.tokens), len(row.tokens)
        started = time.perf_counter()
        said = [*ids, *row.tokens]
        with closing(engine.stream(said, limit=left, forbidden=forbidden, penalty=limits.penalty)) as tokens:  # type: ignore[type-var]
            for token in tokens:
                now = time.perf_counter()
                row.tokens.append(token)
                row.seconds.append(now - started)
                started = now
                on_tokens(1)
                row.finish = judge_row(row, speech.ends, guard if is_guarded else None)
                if row.finish or row.forbidden is not None:
                    break
        if len(row.tokens) == before:
            raise ModelError(f"The engine gave no token after {len(ids) + before} tokens.")
    return _finish(row, prompt, tokenizer, limits)


def _finish(row: Any, prompt: Prompt, tokenizer: Any, limits: Limits) -> Generation:
    is_ended = row.finish == "stop"
    before = encode_prefix(tokenizer, prompt.prefix)
    text, ends = decode_after(tokenizer, before, row.tokens[:-1] if is_ended else row.tokens)
    generation = Generation(
        id=prompt.id,
        text=text,
        finish=row.finish,
        token_ends=[*ends, len(text)] if is_ended else ends,
        token_seconds=row.seconds,
        lead_outs=row.lead_outs,
    )
    return cut_restart(generation, prompt) if limits.loop_guard or prompt.until else generation


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", hint="Copy or download the base model again.") from error
    return found if isinstance(found, dict) else {}
