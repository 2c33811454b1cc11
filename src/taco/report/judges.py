"""The chapter on judges: what language models made of a run's answers, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Iterator

from taco.evaluate.judge.calibration import Calibration
from taco.evaluate.judge.jury import PANEL
from taco.evaluate.judge.scores import JudgeScores
from taco.measure.bootstrap import Estimate
from taco.report.content import Finding, Judged, LanguageFacts, Report
from taco.report.markup import Child, Html, element
from taco.report.summary import show_finding
from taco.report.tables import make_table
from taco.report.wording import write_count, write_rating

NOTE = (
    "What language models made of the answers once the run was made (taco judge). Answers without a verdict are unscored and "
    "in no mean: unscored is not zero. Missing: answers without the section in the target language, which are never sent."
)


def show_judges(report: Report) -> Html | None:
    """Show ratings, comparisons and what a reader must know of them; None where the run has not been judged."""
    judged = report.judged
    if judged is None:
        return None
    notices = [show_finding(notice) for notice in list_notices(judged)]
    tables = [
        table for folder, scores in judged.scores.items() for table in list_tables(folder, scores, report.language)
    ]
    return element(
        "section",
        element("h2", "What judges said"),
        element("p", NOTE) if judged.scores else None,
        element("ul", *notices, class_="findings panel") if notices else None,
        *tables,
        id="judges",
    )


def list_notices(judged: Judged) -> Iterator[Finding]:
    """Yield what a reader of the verdicts must know, the gravest first."""
    for fault in judged.faults:
        yield Finding(topic="Not shown", tone="bad", text=fault)
    for warning in dict.fromkeys(text for scores in judged.scores.values() for text in scores.warnings):
        yield Finding(topic="Beware", tone="bad", text=warning)
    if judged.unread:
        yield Finding(topic="Unread", tone="note", text=f"{judged.unread} lines of verdicts could not be read.")


def list_tables(folder: str, scores: JudgeScores, language: LanguageFacts) -> Iterator[Html | None]:
    """Yield the tables of one folder of verdicts: ratings, turns, differences, categories, comparisons, signatures."""
    if scores.systems:
        yield _tabulate_systems(folder, scores, language)
        yield _tabulate_turns(folder, scores)
        yield _tabulate_differences(folder, scores)
        yield _tabulate_categories(folder, scores)
    if scores.pairs:
        yield _tabulate_pairs(folder, scores, language)
    yield _tabulate_signatures(folder, scores)


def _tabulate_systems(folder: str, scores: JudgeScores, language: LanguageFacts) -> Html:
    rows: list[list[Child]] = [
        [
            f"{system}, {judge}",
            _write_calibration(scores, judge, language),
            write_rating(found.all.micro),
            write_rating(found.all.macro),
            _write_percent(found.percent_of_range.macro),
            _write_percent(found.percent_as_published),
            ", ".join(f"{axis} {write_rating(mean)}" for axis, mean in found.axes.items()) or "–",
            _write_unscored(found.all.micro.unscored, found.reasons),
            str(found.missing),
        ]
        for system, voices in scores.systems.items()
        for judge, found in voices.items()
    ]
    asked = scores.options
    return make_table(
        [
            "answers, judge",
            f"calibrated for {language.name}",
            "mean",
            "mean of categories",
            "% of the range",
            "% as the paper counts",
            "axes",
            "unscored",
            "missing",
        ],
        rows,
        caption=f"{folder}: ratings from {asked.lowest:g} to {asked.highest:g}, with {100 * asked.confidence:g} % bootstrap "
        f"intervals; percents are of the mean of categories; missing answers count as {asked.missing}",
    )


def _tabulate_turns(folder: str, scores: JudgeScores) -> Html | None:
    voices = [(f"{system}, {judge}", found) for system, said in scores.systems.items() for judge, found in said.items()]
    rows: list[list[Child]] = [
        [
            name,
            str(turn),
            write_rating(means.micro),
            write_rating(means.macro),
            str(means.micro.unscored),
        ]
        for name, found in voices
        for turn, means in found.turns.items()
    ]
    head = ["answers, judge", "turn", "mean", "mean of categories", "unscored"]
    caption = f"{folder}: turn by turn; a turn is unscored too where an earlier one has no answer"
    return make_table(head, rows, caption=caption) if rows else None


def _tabulate_differences(folder: str, scores: JudgeScores) -> Html | None:
    rows: list[list[Child]] = [
        [
            f"{one.second} − {one.first}, {one.judge}",
            write_rating(one.means.micro, is_difference=True),
            _write_p(one.p_micro),
            write_rating(one.means.macro, is_difference=True),
            _write_p(one.p_macro),
        ]
        for one in scores.differences
    ]
    head = ["difference, judge", "mean", "p", "mean of categories", "p"]
    return make_table(head, rows, caption=f"{folder}: paired by question") if rows else None


def _tabulate_categories(folder: str, scores: JudgeScores) -> Html:
    voices = [(f"{system}, {judge}", found) for system, said in scores.systems.items() for judge, found in said.items()]
    categories = sorted({category for _, found in voices for category in found.categories})
    rows: list[list[Child]] = [
        [
            category or "no category",
            *(write_rating(found.categories.get(category)) for _, found in voices),
        ]
        for category in categories
    ]
    table = make_table(["category", *(name for name, _ in voices)], rows, caption=f"{folder}: by category")
    return element("details", element("summary", f"By category: {folder}"), table)


def _tabulate_pairs(folder: str, scores: JudgeScores, language: LanguageFacts) -> Html:
    rows: list[list[Child]] = []
    for one in scores.pairs:
        length = one.win_rate_at_equal_length
        rows.append(
            [
                f"{one.second} against {one.first}, {one.judge}",
                _write_calibration(scores, one.judge, language),
                f"{one.wins}/{one.ties}/{one.losses}",
                write_rating(one.win_rate),
                "–" if length is None else f"{length:.2f}",
                write_rating(one.flips),
                _write_p(one.p_value),
                _write_unscored(sum(one.reasons.values()), one.reasons),
                str(one.missing),
            ]
        )
        rows += [
            [f"{one.second} against {one.first}, {one.judge}, turn {turn}", "", "", write_rating(rate), *[""] * 5]
            for turn, rate in one.turns.items()
        ]
    return make_table(
        [
            "comparison, judge",
            f"calibrated for {language.name}",
            "won/tied/lost",
            "win rate",
            "at equal length",
            "the order decided",
            "p",
            "unscored",
            "missing",
        ],
        rows,
        caption=f"{folder}: each question in both orders, won only where it is won in both; a tie counts half",
    )


def _tabulate_signatures(folder: str, scores: JudgeScores) -> Html:
    account = scores.account
    signed = [
        *((f"{label}: signature", facts.signature) for label, facts in scores.judges.items()),
        *((f"{label}: prompts", facts.prompts) for label, facts in scores.judges.items()),
        *((f"{label}: called itself", ", ".join(facts.use.snapshots)) for label, facts in scores.judges.items()),
        *((f"signature: {name}", text) for name, text in scores.signatures.items()),
        ("cost", f"{write_count(account.calls)} calls, ${account.usd:,.4f}"),
        ("tokens", f"{write_count(account.tokens_sent)} sent, {write_count(account.tokens_written)} written"),
    ]
    rows: list[list[Child]] = [[name, element("code", text)] for name, text in signed if text]
    table = make_table(["what", "value"], rows, caption=f"{folder}: where the verdicts come from")
    return element("details", element("summary", f"Signatures: {folder}"), table)


def _write_calibration(scores: JudgeScores, judge: str, language: LanguageFacts) -> str:
    """Say whether a judge was held against people in the run's language; a panel is as good as its worst judge."""
    judges = list(scores.judges) if judge == PANEL else [judge]
    found: list[Calibration | None] = [scores.calibration.get(one, {}).get(language.code) for one in judges]
    if any(one is None for one in found):
        return "not calibrated"
    return "yes" if all(one.is_calibrated for one in found if one) else "not calibrated"


def _write_percent(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return "–"
    interval = "" if estimate.low is None or estimate.high is None else f" [{estimate.low:.0f}, {estimate.high:.0f}]"
    return f"{estimate.value:.0f} %{interval}"


def _write_unscored(count: int, reasons: dict[str, int]) -> str:
    """Write how many answers have no verdict, and why.

    >>> _write_unscored(3, {"no-rating": 2, "refused": 1})
    '3 (2 no-rating, 1 refused)'
    """
    why = ", ".join(f"{number} {reason}" for reason, number in reasons.items())
    return f"{count} ({why})" if why else str(count)


def _write_p(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
