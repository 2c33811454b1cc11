"""The engine `transformers`: a model in torch. This file alone of `taco.translate` imports torch and transformers.

It is the reference that the faster engine is held against, and the way to models that cannot be converted.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from taco.errors import EngineError
from taco.languages.table import Language
from taco.store.cache import cache_folder
from taco.translate.neural.batches import Batch, batch_faults
from taco.translate.neural.convert import find_positions, list_vocabulary
from taco.translate.neural.engine import ModelFacts, NeuralEngine, open_neural
from taco.translate.neural.faults import Decoded
from taco.translate.neural.folder import ModelFolder, find_model
from taco.translate.neural.options import TransformersOptions

NAME = "transformers"


class TorchModel:
    """Runs a sequence-to-sequence model of transformers; one batch at a time.

    Args:
        model: The model, in evaluation mode.
        tokenizer: Its tokenizer, for the vocabulary.
        beam_size: Hypotheses that are followed at a time.
    """

    def __init__(self, model: Any, tokenizer: Any, *, beam_size: int) -> None:
        from transformers import GenerationConfig

        self._model, self._beam_size = model, beam_size
        self._never = model.generation_config.bad_words_ids
        # Its own settings fill in what a call leaves open; one of them makes what is cut off look as if it had ended.
        model.generation_config = GenerationConfig()
        self._ids = list_vocabulary(tokenizer)
        self._tokens = {number: token for token, number in self._ids.items()}
        self._end, self._unknown = int(tokenizer.eos_token_id), int(tokenizer.unk_token_id)
        self._pad = int(tokenizer.pad_token_id)
        self._turn = threading.Lock()

    def run(self, batches: Sequence[Batch], *, begins_with: str) -> Iterator[list[Decoded]]:
        """Yield what the model writes for each batch; see `SequenceModel.run`."""
        for batch in batches:
            with self._turn, batch_faults(batch):
                written = self._generate(batch, begins_with)
            yield [self._read(ids, has_mark=bool(begins_with)) for ids in written]

    def close(self) -> None:
        """Let go of the model; may be called more than once."""
        self._model = None

    def _generate(self, batch: Batch, begins_with: str) -> list[list[int]]:
        import torch
        from transformers import GenerationConfig

        longest = max(map(len, batch.sources))
        rows = [[self._ids.get(token, self._unknown) for token in source] for source in batch.sources]
        ids = torch.tensor([row + [self._pad] * (longest - len(row)) for row in rows], device=self._model.device)
        is_text = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=ids.device)
        settings = GenerationConfig(
            num_beams=self._beam_size,
            do_sample=False,
            early_stopping=self._beam_size > 1,
            max_new_tokens=batch.limit + 1 + bool(begins_with),
            decoder_start_token_id=self._model.config.decoder_start_token_id,
            eos_token_id=self._end,
            pad_token_id=self._pad,
            forced_bos_token_id=self._ids[begins_with] if begins_with else None,
            suppress_tokens=[self._unknown],
            bad_words_ids=self._never,
        )
        with torch.inference_mode():
            written = self._model.generate(ids, attention_mask=is_text, generation_config=settings)
        found: list[list[int]] = written.tolist()
        return found

    def _read(self, ids: Sequence[int], *, has_mark: bool) -> Decoded:
        body = list(ids[1 + has_mark :])
        is_ended = self._end in body
        kept = body[: body.index(self._end)] if is_ended else body
        return Decoded(tuple(self._tokens.get(number, "") for number in kept), is_ended)


def open_transformers(options: TransformersOptions, *, source: Language, target: Language) -> NeuralEngine:
    """Open a model of transformers for a pair of languages.

    Raises:
        EngineError: A library is missing, the model cannot be loaded, or it does not know the pair.
        StoreError: A file cannot be read.
    """
    _require_libraries()
    import transformers

    allows_pickles = options.pickled_weights == "weights-only"
    folder = find_model(options.model, revision=options.revision, allows_pickles=allows_pickles, cache=cache_folder())
    model, tokenizer, device = _load(folder, options, allows_pickles=allows_pickles)
    facts = ModelFacts(
        name=NAME,
        version=transformers.__version__,
        label=folder.label,
        digest=folder.digest,
        numbers=f"{options.dtype} {device}",
        tokenizer=folder.path,
        vocabulary=tuple(list_vocabulary(tokenizer)),
        end=str(tokenizer.eos_token),
        unknown=str(tokenizer.unk_token),
        positions=find_positions(folder.path),
    )
    running = TorchModel(model, tokenizer, beam_size=options.beam_size)
    return open_neural(facts, running, options, source=source, target=target)


def _load(folder: ModelFolder, options: TransformersOptions, *, allows_pickles: bool) -> tuple[Any, Any, str]:
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    if folder.is_converted:
        raise EngineError(
            f"{folder.label} is in CTranslate2's form.", hint='Use translate.engine = "ctranslate2" with it.'
        )
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    device = options.device if options.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[options.dtype]
    safe = {"local_files_only": True, "trust_remote_code": False}
    try:
        with quiet_libraries():
            tokenizer = AutoTokenizer.from_pretrained(folder.path, **safe)
            model = AutoModelForSeq2SeqLM.from_pretrained(
                folder.path, dtype=dtype, use_safetensors=None if allows_pickles else True, **safe
            )
        return model.to(device).eval(), tokenizer, device
    except list_faults() as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EngineError(
            f"{folder.label} cannot be loaded: {first_line}", hint="It must be a translation model of transformers."
        ) from error


def list_faults() -> tuple[type[Exception], ...]:
    """Return what transformers and torch raise for files that are damaged, hostile or of another kind."""
    from safetensors import SafetensorError

    common = (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError)
    return (*common, SafetensorError, pickle.UnpicklingError)


def _require_libraries() -> None:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # see taco.model.libraries
    missing = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineError(
            f"The engine {NAME} needs {' and '.join(missing)}.",
            hint='Install taco-llm[neural,train]: pip install "taco-llm[neural,train]".',
        )


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep transformers' own bars, notes and warnings off the terminal; errors still come through."""
    from transformers.utils import logging

    bars_were_on, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars_were_on:
            logging.enable_progress_bar()
