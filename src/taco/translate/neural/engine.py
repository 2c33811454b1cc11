"""What all engines with a translation model on the own machine do: sentences, tokens, batches, checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from taco.errors import EngineError
from taco.languages.table import ENGLISH, Language
from taco.translate.engine import FREE, Closing, Limits, Translation
from taco.translate.neural.batches import Batch, Tokens, find_limit, make_batches
from taco.translate.neural.families import FAMILIES, Family, Route, detect_family, find_family, find_route
from taco.translate.neural.faults import Decoded, find_fault
from taco.translate.neural.options import NeuralOptions
from taco.translate.neural.sentences import join_sentences, split_sentences
from taco.translate.neural.subwords import Subwords, open_subwords
from taco.translate.slots import count_words

FORM = 1
"""Version of what this package does to a text; raised whenever it gives other translations."""

_MARK = re.compile(r"</?s>|<pad>|<mask>|<extra_id_\d+>|madeupword\d+")
"""Tokens that stand for no text, in any family."""


class SequenceModel(Protocol):
    """Something that writes a sequence of tokens for each of several."""

    def run(self, batches: Sequence[Batch], *, begins_with: str) -> Iterator[list[Decoded]]:
        """Yield what it writes for each batch, in order.

        Args:
            batches: What it reads.
            begins_with: Token that every output is made to begin with, "" for none; left out of what is yielded.
        """

    def close(self) -> None:
        """Let go of the model; may be called more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of a model.

    Attributes:
        name: The engine's name.
        version: Of the library that runs it.
        label: What the model is called.
        digest: SHA-256 of its files.
        numbers: Number format and kind of device.
        tokenizer: Folder of its tokenizer.
        vocabulary: Its tokens.
        end: The token that ends a sequence.
        unknown: The token for what is not in the vocabulary.
        positions: Positions of encoder and decoder; None where that is not known or there is no end of them.
        adds_end: Whether the library itself puts the end token behind a source.
    """

    name: str
    version: str
    label: str
    digest: str
    numbers: str
    tokenizer: Path
    vocabulary: tuple[str, ...]
    end: str
    unknown: str
    positions: int | None
    adds_end: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """A sentence for the model: all its tokens and those of its text alone; or why it cannot be one."""

    tokens: Tokens = ()
    text: Tokens = ()
    fault: str = ""


class NeuralEngine(Closing):
    """Translates with a model, sentence by sentence; it knows no slots, so texts are cut around spans.

    Args:
        facts: What is known of the model.
        model: Runs it.
        family: How it is told its languages.
        route: The pair.
        subwords: Its tokenizer.
        options: The recipe's options.
        language: Code of the language of the texts.
    """

    keeps_slots = False
    price = FREE
    limits = Limits()

    def __init__(
        self,
        facts: ModelFacts,
        *,
        model: SequenceModel,
        family: Family,
        route: Route,
        subwords: Subwords,
        options: NeuralOptions,
        language: str,
    ) -> None:
        self.name = facts.name
        self.signature = (
            f"{facts.name} {facts.version} {family.name} {facts.label} {facts.digest[:16]} {facts.numbers} {route.name} "
            f"beam {options.beam_size} ratio {options.output_ratio:g} form {FORM} sentencex {version('sentencex')}"
        )
        self._facts, self._model, self._family, self._route = facts, model, family, route
        self._subwords, self._options, self._language = subwords, options, language
        self._known = frozenset(facts.vocabulary)
        marks = (token for token in facts.vocabulary if family.mark.fullmatch(token) or _MARK.fullmatch(token))
        self._reserved = frozenset((*marks, facts.end))

    def translate(self, texts: Sequence[str]) -> list[Translation]:
        """Translate texts; see `Engine.translate`. A sentence that the model fails on makes its text a refusal."""
        cut = [split_sentences(text, language=self._language) for text in texts]
        wanted = dict.fromkeys(one.text for sentences in cut for one in sentences if one.has_words)
        sources = {text: self._read(text) for text in wanted}
        written = self._run([source for source in sources.values() if not source.fault])
        results = {text: self._judge(source, written) for text, source in sources.items()}
        made = []
        for text, sentences in zip(texts, cut, strict=True):
            fault = next((results[one.text][1] for one in sentences if one.has_words and results[one.text][1]), "")
            parts = [results[one.text][0] if one.has_words else one.text for one in sentences]
            words = count_words(text)
            made.append(
                Translation(
                    text="" if fault else join_sentences(sentences, parts),
                    words=words,
                    unknown_words=min(words, sum(self._count_unknown(sources, one.text) for one in sentences)),
                    refusal=fault,
                )
            )
        return made

    def close(self) -> None:
        """Let go of the model; may be called more than once."""
        self._model.close()

    def _read(self, sentence: str) -> _Source:
        """Make a sentence into what the model reads."""
        if self._family.name == "madlad":  # its mark is a word of the text, as its tokenizer sees it
            pieces = self._subwords.encode(f"{self._route.before} {sentence}")
            place = pieces.index(self._route.before)
            before, text = pieces[: place + 1], tuple(pieces[place + 1 :])
        else:
            before, text = [self._route.before] if self._route.before else [], tuple(self._subwords.encode(sentence))
        for token in text:
            if token in self._reserved:
                return _Source(fault=f"the text holds the model's own mark {token!r}")
        tokens = (*before, *text) if self._facts.adds_end else (*before, *text, self._facts.end)
        positions = self._facts.positions
        length = len(tokens) + self._facts.adds_end
        if positions is not None and length > positions:
            return _Source(fault=f"a sentence has {length} tokens, more than the model's {positions} positions")
        return _Source(tokens, text)

    def _run(self, sources: Sequence[_Source]) -> Mapping[Tokens, Decoded]:
        """Run the model on sources, those that are equal once."""
        batches = list(
            make_batches(
                list({source.tokens for source in sources}),
                max_tokens=self._options.max_batch_tokens,
                ratio=self._options.output_ratio,
                positions=self._facts.positions,
            )
        )
        found: dict[Tokens, Decoded] = {}
        for batch, written in zip(batches, self._model.run(batches, begins_with=self._route.begins_with), strict=True):
            found.update(zip(batch.sources, written, strict=True))
        return found

    def _judge(self, source: _Source, written: Mapping[Tokens, Decoded]) -> tuple[str, str]:
        """Return the translation of a sentence, and what is wrong with it."""
        if source.fault:
            return "", source.fault
        decoded = written[source.tokens]
        limit = find_limit(len(source.tokens), ratio=self._options.output_ratio, positions=self._facts.positions)
        if fault := find_fault(source.text, decoded, limit=limit, reserved=self._reserved):
            return "", fault
        text = self._subwords.decode(decoded.tokens)
        if not text:
            return "", "the output is empty"
        if "\n" in text or "\r" in text:
            return "", "the output has a line break"
        return text, ""

    def _count_unknown(self, sources: Mapping[str, _Source], sentence: str) -> int:
        text = sources[sentence].text if sentence in sources else ()
        return sum(token == self._facts.unknown or token not in self._known for token in text)


def open_neural(
    facts: ModelFacts, model: SequenceModel, options: NeuralOptions, *, source: Language, target: Language
) -> NeuralEngine:
    """Make an engine of a model for a pair of languages; the model is closed if that fails.

    Raises:
        EngineError: It is of no known family, its tokenizer is missing, or it does not know the pair.
    """
    try:
        files = {name for family in FAMILIES for name in family.files if (facts.tokenizer / name).is_file()}
        family = (
            detect_family(facts.vocabulary, files, where=facts.label)
            if options.family == "auto"
            else find_family(options.family)
        )
        codes = (options.english_code, options.target_code)
        route = find_route(
            family,
            facts.vocabulary,
            source=source,
            target=target,
            codes=codes if source == ENGLISH else codes[::-1],
            model=facts.label,
        )
        subwords = open_subwords(facts.tokenizer, family, engine=facts.name)
        if family.name == "madlad" and route.before not in subwords.encode(f"{route.before} a"):
            raise EngineError(f"The tokenizer of {facts.label} does not know {route.before} as one token.")
        return NeuralEngine(
            facts,
            model=model,
            family=family,
            route=route,
            subwords=subwords,
            options=options,
            language=source.code,
        )
    except BaseException:
        model.close()
        raise
