"""The engines `ctranslate2` and `nllb`: models in CTranslate2's form, 8-bit integers unless said otherwise."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from taco.errors import EngineError
from taco.languages.table import Language
from taco.remote.libraries import import_library
from taco.store.cache import cache_folder
from taco.translate.neural.batches import Batch, batch_faults
from taco.translate.neural.convert import SEAL, convert_model
from taco.translate.neural.engine import ModelFacts, NeuralEngine, open_neural
from taco.translate.neural.families import detect_family
from taco.translate.neural.faults import Decoded
from taco.translate.neural.folder import ModelFolder, find_model, read_settings
from taco.translate.neural.options import CTranslate2Options, NllbOptions
from taco.translate.neural.sentences import EXTRA

NAME = "ctranslate2"

_VOCABULARIES = ("shared_vocabulary", "source_vocabulary", "target_vocabulary")
"""Files of a converted model: one, or two of them; older converters write .txt, newer ones .json."""


class CTranslate2Model:
    """Runs a converted model; batches are given to it all at once, and its workers take them in turn.

    Args:
        translator: A `ctranslate2.Translator`.
        end: The token that ends a sequence.
        beam_size: Hypotheses that are followed at a time.
    """

    def __init__(self, translator: Any, *, end: str, beam_size: int) -> None:
        self._translator, self._end, self._beam_size = translator, end, beam_size

    def run(self, batches: Sequence[Batch], *, begins_with: str) -> Iterator[list[Decoded]]:
        """Yield what the model writes for each batch; see `SequenceModel.run`."""
        waiting = [self._submit(batch, begins_with) for batch in batches]
        for batch, results in zip(batches, waiting, strict=True):
            with batch_faults(batch):
                written = [one.result().hypotheses[0] for one in results]
            yield [self._read(tokens, has_mark=bool(begins_with)) for tokens in written]

    def close(self) -> None:
        """Let go of the model's memory; may be called more than once."""
        self._translator = None

    def _submit(self, batch: Batch, begins_with: str) -> Any:
        return self._translator.translate_batch(
            [list(source) for source in batch.sources],
            target_prefix=[[begins_with]] * len(batch.sources) if begins_with else None,
            beam_size=self._beam_size,
            max_input_length=0,  # the library would cut longer sources off without a word
            max_decoding_length=batch.limit + 1 + bool(begins_with),
            disable_unk=True,
            return_end_token=True,
            asynchronous=True,
        )

    def _read(self, tokens: Sequence[str], *, has_mark: bool) -> Decoded:
        body = tuple(tokens[has_mark:])
        is_ended = body[-1:] == (self._end,)
        return Decoded(body[:-1] if is_ended else body, is_ended)


def open_ctranslate2(
    options: CTranslate2Options, *, source: Language, target: Language, name: str = NAME
) -> NeuralEngine:
    """Open a model for a pair of languages, converting it first where it is in transformers' form.

    Raises:
        EngineError: A library is missing, the model cannot be found, converted or loaded, or it does not know the pair.
        StoreError: The cache cannot be written.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # else waiting threads spin on cores that others need
    library = import_library("ctranslate2", name=name, extra=EXTRA)
    cache = cache_folder()
    model = find_model(
        options.model,
        revision=options.revision,
        allows_pickles=options.pickled_weights == "weights-only",
        cache=cache,
    )
    folder = model.path if model.is_converted else convert_model(model, quantization=options.quantization, cache=cache)
    translator = _load(library, folder, options, label=model.label)
    facts = _describe(library, model, folder, translator, name=name)
    running = CTranslate2Model(translator, end=facts.end, beam_size=options.beam_size)
    return open_neural(facts, running, options, source=source, target=target)


def open_nllb(options: NllbOptions, *, source: Language, target: Language) -> NeuralEngine:
    """Open an NLLB-200 for a pair of languages; see `open_ctranslate2`."""
    return open_ctranslate2(options, source=source, target=target, name="nllb")


def _load(library: Any, folder: Path, options: CTranslate2Options, *, label: str) -> Any:
    try:
        return library.Translator(
            str(folder),
            device=options.device,
            compute_type=options.quantization,
            inter_threads=options.workers,
            intra_threads=options.threads or 0,
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise EngineError(
            f"CTranslate2 cannot load {label} from {folder}: {error}",
            hint="Is the folder whole, and does this device offer translate.options.quantization?",
        ) from error


def _describe(library: Any, model: ModelFolder, folder: Path, translator: Any, *, name: str) -> ModelFacts:
    settings, vocabulary = read_settings(folder), _read_vocabulary(folder)
    return ModelFacts(
        name=name,
        version=library.__version__,
        label=model.label,
        digest=model.digest,
        numbers=f"{translator.compute_type} {translator.device}",
        tokenizer=folder,
        vocabulary=vocabulary,
        end=str(settings.get("eos_token") or "</s>"),
        unknown=str(settings.get("unk_token") or "<unk>"),
        positions=_find_positions(folder, vocabulary),
        adds_end=settings.get("add_source_eos") is True,
    )


def _find_positions(folder: Path, vocabulary: Sequence[str]) -> int | None:
    if (folder / SEAL).is_file():
        positions = read_settings(folder, SEAL).get("positions")
        return positions if isinstance(positions, int) else None
    return detect_family(vocabulary, {path.name for path in folder.iterdir()}, where=str(folder)).positions


def _read_vocabulary(folder: Path) -> tuple[str, ...]:
    """Return the tokens of both sides."""
    found: dict[str, None] = {}
    for path in (folder / f"{name}.{ending}" for name in _VOCABULARIES for ending in ("json", "txt")):
        if not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
            found.update(dict.fromkeys(map(str, json.loads(text)) if path.suffix == ".json" else text.split("\n")[:-1]))
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise EngineError(f"{path} cannot be read: {error}", hint="Convert or copy the model again.") from error
    if not found:
        raise EngineError(f"{folder} holds no vocabulary.", hint="Convert or copy the model again.")
    return tuple(found)
