"""The backend `ctranslate2`: CTranslate2 decodes the model, adapter merged, in 8-bit integers unless asked otherwise."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from taco.errors import ModelError
from taco.generate.adapter import check_adapter
from taco.generate.aside import run_aside
from taco.generate.backend import Generation, Limits, Prompt, Refusal, Setup
from taco.generate.converted import prepare_ctranslate2
from taco.generate.guarded_row import GuardedRow
from taco.generate.options import CTranslate2Options
from taco.generate.streamed import fit_prompts, read_speech
from taco.generate.waves import Waves
from taco.model.base import resolve_base
from taco.model.convert.ctranslate2 import import_ctranslate2
from taco.model.load import load_tokenizer


class Generator:
    """One folder of CTranslate2.

    Args:
        folder: The converted model.
        tokenizer: Its tokenizer; CTranslate2 takes tokens by name.
        ends: Ids of the tokens that end an answer.
        threads: CPU threads.

    Raises:
        ModelError: CTranslate2 is not installed or cannot load the folder.
    """

    def __init__(self, folder: Path, *, tokenizer: Any, ends: Sequence[int], threads: int) -> None:
        library = import_ctranslate2()
        try:
            self._generator = library.Generator(str(folder), inter_threads=1, intra_threads=threads)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(f"CTranslate2 cannot load {folder}: {error}.", hint="Convert it again.") from error
        self._tokenizer, self._ends = tokenizer, list(ends)

    def stream(
        self, tokens: Sequence[int], *, limit: int, forbidden: int | None = None, penalty: float = 1.0
    ) -> Iterator[int]:
        """Yield the likeliest tokens after some others, the end token included; close it to stop early.

        Args:
            tokens: Prompt, and what was generated so far.
            limit: Number of new tokens at most.
            forbidden: A token that must not come first; then one token is yielded.
            penalty: See `Limits`; of all tokens before.
        """
        names = self._tokenizer.convert_ids_to_tokens
        kept_out = {} if forbidden is None else {"suppress_sequences": [names([forbidden])]}
        steps = self._generator.generate_tokens(
            names(list(tokens)),
            max_length=limit if forbidden is None else 1,
            end_token=self._ends,
            repetition_penalty=penalty,
            **kept_out,
        )
        for step in steps:
            yield int(step.token_id)

    def decode(
        self,
        prompts: Sequence[Sequence[int]],
        *,
        limit: int,
        on_token: Callable[[int, int], bool],
        penalty: float = 1.0,
    ) -> None:
        """Decode prompts together until each is over.

        Args:
            prompts: Token ids, none of them empty.
            limit: New tokens of each at most.
            penalty: See `Limits`; of all tokens before.
            on_token: Called with a prompt's place and its next token, the end token included; says whether it goes on.

        Raises:
            BaseException: What `on_token` raised.
        """
        names = self._tokenizer.convert_ids_to_tokens
        failures: list[BaseException] = []

        def take(step: Any) -> bool:
            try:
                return bool(failures) or not on_token(int(step.batch_id), int(step.token_id))
            except BaseException as error:  # it must not travel through the engine's own threads
                failures.append(error)
                return True

        self._generator.generate_batch(
            [names(list(prompt)) for prompt in prompts],
            max_length=limit,
            end_token=self._ends,
            return_end_token=True,
            include_prompt_in_result=False,
            repetition_penalty=penalty,
            callback=take,
        )
        if failures:
            raise failures[0]

    def close(self) -> None:
        """Let go of the model."""
        self._generator = None


class CTranslate2Backend:
    """Greedy decoding with CTranslate2.

    Args:
        options: Number format.
        setup: Base model, adapter and cache.

    Raises:
        ModelError: The model cannot be fetched, converted or loaded, or the extra [ctranslate2] is not installed.
    """

    name = "ctranslate2"

    def __init__(self, options: CTranslate2Options, *, setup: Setup) -> None:
        if setup.adapter is not None:
            check_adapter(setup.adapter)
        self._version = str(import_ctranslate2().__version__)
        self._options, self._setup = options, setup
        self._base = resolve_base(setup.model, cache=setup.cache, progress=setup.progress)
        self._speech = read_speech(self._base, load_tokenizer(self._base))
        self._generator: Generator | None = None
        self._arm = ""

    @property
    def signature(self) -> str:
        return (
            f"ctranslate2 {self._version}, {self._base.name} {self._base.digest[:12]}, {self._options.weights}, "
            f"greedy but out of loops, adapter merged, batches of {self._options.batch_size}"
        )

    def generate(
        self, prompts: Sequence[Prompt], *, arm: str, limits: Limits, on_tokens: Callable[[int], None]
    ) -> Iterator[Generation | Refusal]:
        """Answer each prompt, prompts of like length together; see `Backend.generate`."""
        fitting, refusals = fit_prompts(prompts, self._speech)
        yield from refusals
        if not fitting:
            return
        generator, options = self._open(arm), self._options
        longest = min(len(fitting[-1][1]) + limits.max_new_tokens, self._speech.context)
        size = self._speech.count_rows(longest, most=options.batch_size, cache_mib=options.cache_mib)
        rows = [GuardedRow(prompt, ids, speech=self._speech, limits=limits) for prompt, ids in fitting]
        waves = Waves(generator, rows, size=size)
        yield from run_aside([waves.run], threads=1, on_tokens=on_tokens)

    def close(self) -> None:
        """Let go of the model."""
        self._generator = None

    def _open(self, arm: str) -> Generator:
        if self._generator and arm == self._arm:
            return self._generator
        self._generator = None
        setup = self._setup
        if arm == "tuned" and setup.adapter is None:
            raise ModelError("The arm 'tuned' was asked, but no adapter was given.")
        folder = prepare_ctranslate2(
            self._base,
            setup.adapter if arm == "tuned" else None,
            weights=self._options.weights,
            cache=setup.cache,
            progress=setup.progress,
        )
        threads = setup.model.threads or os.cpu_count() or 1
        self._generator = Generator(
            folder, tokenizer=self._speech.tokenizer, ends=sorted(self._speech.ends), threads=threads
        )
        self._arm = arm
        return self._generator
