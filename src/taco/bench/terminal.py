"""Results as tables for the terminal, 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from taco.bench.options import COPY
from taco.bench.results import Comparison, Cost, EngineResult, LanguageResult, Measure, Results
from taco.report.wording import write_count, write_interval, write_number, write_value

WIDTH = 80
ENGINE = "engine"
"""Title of the column of labels, which is never wrapped."""

_ARROWS = {"higher": " ↑", "lower": " ↓", "neither": ""}


def render_results(results: Results) -> Group:
    """Render all languages, and what the numbers are."""
    parts: list[RenderableType] = []
    for language in results.languages:
        parts += [_render_scores(language, direction=results.direction), _render_pairs(language), _render_use(language)]
        parts += [Text(line, style="dim") for line in _list_language_notes(language)]
        parts.append(Text())
    return Group(*parts, *(Text(line, style="dim") for line in _list_notes(results)))


def _make_table(title: str, *columns: str) -> Table:
    table = Table(width=WIDTH, title=title, title_justify="left")
    for number, column in enumerate(columns):
        justify: JustifyMethod = "right" if number else "left"
        table.add_column(column, justify=justify, overflow="fold", no_wrap=column == ENGINE)
    return table


def _render_scores(language: LanguageResult, *, direction: str) -> Table:
    drawn = f" of {write_count(language.file_texts)}" if language.file_texts > language.texts else ""
    title = (
        f"{language.name} ({language.language}), {direction} English: {write_count(language.texts)}{drawn} texts, "
        f"{write_count(language.characters)} characters"
    )
    columns = (f"{measure.unit}{_ARROWS[measure.better]}" for measure in language.measures)
    table = _make_table(title, ENGINE, *columns, "empty")
    for engine in _sort_engines(language):
        if engine.scores:
            cells = (_write_estimate(engine, measure) for measure in language.measures)
            table.add_row(engine.label, *cells, _write_faults(engine))
        else:
            table.add_row(engine.label, *("–" for _ in language.measures), "failed")
    return table


def _sort_engines(language: LanguageResult) -> list[EngineResult]:
    """Best first, then the baseline, then those that failed."""

    def rank(engine: EngineResult) -> tuple[int, float]:
        if not engine.scores:
            return 2, 0.0
        return int(engine.label == COPY), -(engine.scores["chrf"].value or 0.0)

    return sorted(language.engines, key=rank)


def _write_estimate(engine: EngineResult, measure: Measure) -> Text:
    estimate = engine.scores[measure.name]
    interval = write_interval(estimate, measure.unit)
    return Text.assemble(write_value(estimate, measure.unit), (f"\n{interval}" if interval else "", "dim"))


def _write_faults(engine: EngineResult) -> Text:
    if not engine.faults:
        return Text("0")
    reasons = "\n".join(f"{count} {reason}" for reason, count in engine.faults.items())
    return Text.assemble(str(sum(engine.faults.values())), (f"\n{reasons}", "dim"))


def _render_pairs(language: LanguageResult) -> Table:
    order = [engine.label for engine in _sort_engines(language) if engine.scores]
    table = _make_table(
        "Differences of the same texts, with p", "better − other", *(measure.unit for measure in language.measures)
    )
    found = {(pair.first, pair.second, pair.measure): pair for pair in language.comparisons}
    for place, better in enumerate(order):
        for other in order[place + 1 :]:
            cells = []
            for measure in language.measures:
                # A pair stands there once, in the order in which the engines were asked.
                pair = found.get((other, better, measure.name))
                is_turned = pair is None
                pair = pair or found[better, other, measure.name]
                cells.append(_write_difference(pair, measure, is_turned=is_turned))
            table.add_row(f"{better} − {other}", *cells)
    return table


def _write_difference(pair: Comparison, measure: Measure, *, is_turned: bool) -> Text:
    estimate = pair.difference
    if is_turned:
        value, low, high = (
            None if bound is None else -bound for bound in (estimate.value, estimate.high, estimate.low)
        )
        estimate = estimate.model_copy(update={"value": value, "low": low, "high": high})
    interval = write_interval(estimate, measure.unit, is_difference=True)
    number = "–" if estimate.value is None else write_number(estimate.value, measure.unit, is_signed=True)
    return Text.assemble(number, (f"\n{interval}\np {_write_p(pair.p_value)}" if interval else "", "dim"))


def _write_p(p_value: float | None) -> str:
    if p_value is None:
        return "–"
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


def _render_use(language: LanguageResult) -> Table:
    table = _make_table("Use", ENGINE, "fresh", "speed", "price", "% structure kept, raw → repaired", "unknown words")
    for engine in _sort_engines(language):
        if engine.label != COPY:
            table.add_row(engine.label, *map(_write_lines, _list_use(engine)))
    return table


def _list_use(engine: EngineResult) -> Iterator[tuple[str, ...]]:
    yield f"{write_count(engine.fresh)} of", write_count(engine.requests)
    speed = engine.speed
    yield (
        ("–",)
        if speed is None
        else (f"{write_count(speed.characters_per_second)} chars/s", f"{_write_rate(speed.texts_per_second)} texts/s")
    )
    yield ("–",) if engine.cost is None else _write_cost(engine.cost)
    structure = engine.structure
    if structure is None or not structure.texts:
        yield ("–",)
    else:
        shares = (write_number(estimate.value or 0.0, "rate") for estimate in (structure.raw, structure.repaired))
        yield (" → ".join(shares),)
    yield (f"{100 * engine.unknown_words / engine.words:.1f} %" if engine.words else "–",)


def _write_cost(cost: Cost) -> tuple[str, ...]:
    if not cost.usd_per_million_characters and not cost.spent_usd:
        return ("free",)
    return (
        f"${cost.usd_per_million_characters:.2f}/M chars",
        f"file ${cost.file_usd:.4f}",
        f"spent ${cost.spent_usd:.4f}",
    )


def _write_lines(lines: Sequence[str]) -> Text:
    return Text.assemble(lines[0], *((f"\n{line}", "dim") for line in lines[1:]))


def _write_rate(rate: float) -> str:
    return write_count(rate) if rate >= 10 else f"{rate:.1f}"


def _list_language_notes(language: LanguageResult) -> Iterator[str]:
    for engine in language.engines:
        if engine.failure:
            yield f"{engine.label} failed: {engine.failure}"
        elif engine.label != COPY:
            yield f"{engine.label}: {engine.signature}"
    structured = max((engine.structure.texts for engine in language.engines if engine.structure), default=0)
    yield f"{structured} of {language.texts} texts have structure: spans, numbers, list marks, code or several lines."
    if language.note:
        yield language.note


def _list_notes(results: Results) -> Iterator[str]:
    measures = (measure for language in results.languages for measure in language.measures)
    yield from dict.fromkeys(measure.signature for measure in measures)
    confidence = f"{100 * results.bootstrap.confidence:g} %"
    yield f"In brackets: {confidence} intervals, {results.signatures['intervals']}."
    yield f"p: {results.signatures['p-values']}; not corrected for the number of pairs."
    yield (
        "Scores: likeness to one human translation, so other good wordings lose. empty: texts without a translation, "
        "which count as empty ones. copy: the source as it is, for scale. All texts in Unicode NFC."
    )
    yield (
        "fresh: requests that this run sent, the memory had the others. Rates: while a call was under way, in the last "
        "run that sent any; --fresh times all. Unknown words: as far as the engine says."
    )
    versions = ", ".join(f"{name} {number}" for name, number in results.versions.items())
    inputs = ", ".join(f"{name} sha256 {digest[:12]}" for name, digest in results.inputs.items())
    yield f"{versions}; {inputs}; {results.created_at}."
