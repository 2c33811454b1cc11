"""The table and the picture of a token study."""

from __future__ import annotations

from collections.abc import Sequence

from taco.report.stack_chart import Bar, Piece, draw_stack
from taco.study.picture import PIECES, Chart
from taco.study.table import NOTHING, TextTable, write_estimate
from taco.study.tokens.length import BestLength
from taco.study.tokens.summary import TokenResults, TokenSummary


def list_tables(results: TokenResults) -> tuple[TextTable, ...]:
    """Return the table of costs and the table of best lengths."""
    costs = TextTable(
        "Tokens of an answer",
        (
            "texts, tokenizer",
            "texts",
            "tokens, all",
            "complete",
            "instruction in English",
            "response in English",
            "response in the target",
            "labels",
            "characters a token: English",
            "target",
            "target / English",
            "beside the target response",
        ),
        tuple(_list_costs(one) for one in results.summaries),
    )
    lengths = TextTable(
        f"The longest response with which {100 * results.fitting:g} % of the answers fit, prompt included",
        ("texts, tokenizer", "context", "answers over", "sentences", "English words", "English words, direct answer"),
        tuple(_list_length(one, length) for one in results.summaries for length in one.lengths),
    )
    return costs, lengths


def list_notes(results: TokenResults) -> tuple[str, ...]:
    """Say how it was measured and what it does not show."""
    signatures = dict.fromkeys(f"{one.tokenizer}: {one.signature}" for one in results.summaries)
    return (
        "Sections, characters and best lengths are of complete answers alone; tokens of all are of every text, loops too.",
        (
            "Best length: each answer at its own price of an English word, that of both responses together; for a direct "
            'answer that of the target\'s alone. Sentences: whole ones taken away from the end, as in training; "all" where '
            "enough answers fit."
        ),
        (
            "A prompt counts its question, where the study names the questions, and its system message; the base's own marks "
            "only where its tokenizer comes with a chat template."
        ),
        f"Intervals: {results.intervals}. Other questions, and another model's answers, may be longer.",
        "Not shown: whether a shorter answer is a better or worse one.",
        *(f"Tokenizer {signature}" for signature in signatures),
    )


def draw_charts(results: TokenResults) -> tuple[Chart, ...]:
    """Return the bars: tokens of a complete answer by section."""
    bars = [_stack(one) for one in results.summaries if one.complete]
    drawing = draw_stack(bars, title="Tokens of an answer", unit="", axis="tokens of a complete answer, mean")
    keys = [(class_, label) for name, label, class_ in PIECES if any(name in one.sections for one in results.summaries)]
    return (Chart("Tokens of an answer by section", drawing, keys),)


def name_best(summary: TokenSummary, length: BestLength) -> str:
    """Say in one sentence how long a response may be."""
    if length.words.value is None:
        return ""
    words = f"{length.words.value:,.0f}"
    return (
        f"{summary.texts}, {summary.tokenizer}, context {length.context:,}: "
        + (f"responses of up to {words} English words" if length.words.value else "no response is short enough")
        + (f" ({length.words_direct.value:,.0f} without the English sections)" if length.words_direct.value else "")
    )


def _list_costs(one: TokenSummary) -> tuple[str, ...]:
    return (
        f"{one.texts}, {one.tokenizer}",
        str(one.n),
        write_estimate(one.total),
        str(one.complete),
        *(write_estimate(one.sections.get(name)) for name, _, _ in PIECES),
        *(write_estimate(one.characters_per_token.get(name), 2) for name in ("response_en", "response")),
        write_estimate(one.against_english, 2),
        write_estimate(one.overhead, percent=True),
    )


def _list_length(one: TokenSummary, length: BestLength) -> tuple[str, ...]:
    sentences = "all" if length.sentences is None else str(length.sentences) if length.sentences else NOTHING
    return (
        f"{one.texts}, {one.tokenizer}",
        f"{length.context:,}",
        str(length.over),
        sentences,
        write_estimate(length.words),
        write_estimate(length.words_direct),
    )


def _stack(one: TokenSummary) -> Bar:
    pieces: Sequence[tuple[str, float, str]] = [
        (label, one.sections[name].value or 0.0, class_) for name, label, class_ in PIECES if name in one.sections
    ]
    total = sum(value for _, value, _ in pieces)
    return Bar(
        f"{one.texts}, {one.tokenizer}",
        f"{total:,.0f} tokens, n = {one.complete}",
        tuple(Piece(label, value, f"{value:,.0f}", class_) for label, value, class_ in pieces),
    )
