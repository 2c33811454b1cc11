"""From text to a model's tokens and back, with the library that its files are for; transformers is not needed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from taco.errors import EngineError
from taco.remote.libraries import import_library
from taco.translate.neural.families import Family
from taco.translate.neural.sentences import EXTRA


class Subwords(Protocol):
    """Cuts text into tokens."""

    def encode(self, text: str) -> list[str]:
        """Return the tokens of a text, none added before or behind it."""

    def decode(self, tokens: Sequence[str]) -> str:
        """Return the text of tokens."""


class SentencePieceSubwords:
    """Files of sentencepiece.

    Args:
        source: Cuts sources.
        target: Puts translations together; may be the same.
    """

    def __init__(self, source: Any, target: Any) -> None:
        self._source, self._target = source, target

    def encode(self, text: str) -> list[str]:
        return list(self._source.encode(text, out_type=str))

    def decode(self, tokens: Sequence[str]) -> str:
        return str(self._target.decode_pieces(list(tokens))).replace("\u2581", " ").strip()


class FastSubwords:
    """A tokenizer.json of the library tokenizers.

    Args:
        tokenizer: A `tokenizers.Tokenizer`. Limits and padding that its file may set are taken off.
    """

    def __init__(self, tokenizer: Any) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer

    def encode(self, text: str) -> list[str]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).tokens)

    def decode(self, tokens: Sequence[str]) -> str:
        return str(self._tokenizer.decoder.decode(list(tokens))).strip()


def open_subwords(folder: Path, family: Family, *, engine: str) -> Subwords:
    """Open the tokenizer of a model's folder.

    Raises:
        EngineError: Its file is missing or damaged, or the library for it is not installed.
    """
    path = next((folder / name for name in family.files if (folder / name).is_file()), None)
    if path is None:
        raise EngineError(
            f"{folder} holds no tokenizer for a {family.name} model; one of {', '.join(family.files)} was looked for.",
            hint="Copy it there from the folder that the model was converted from.",
        )
    try:
        if path.suffix == ".json":
            library = import_library("tokenizers", name=engine, extra=EXTRA)
            return FastSubwords(library.Tokenizer.from_file(str(path)))
        library = import_library("sentencepiece", name=engine, extra=EXTRA)
        source = library.SentencePieceProcessor(model_file=str(path))
        if family.name != "marian":
            return SentencePieceSubwords(source, source)
        return SentencePieceSubwords(source, library.SentencePieceProcessor(model_file=str(folder / "target.spm")))
    except EngineError:
        raise
    except Exception as error:  # tokenizers raises bare Exception for a damaged file
        raise EngineError(f"The tokenizer {path} cannot be read: {error}", hint="Copy or download it again.") from error
