"""Judging: answers in, verdicts and scores out.

    OUT/verdicts.jsonl   one judge's word on one answer, a line each (`Judgement`)
    OUT/pairs.jsonl      one judge's word on two answers (`PairJudgement`), of the mode `pair`
    OUT/scores.json      means, intervals, differences, cost, what made them (`JudgeScores`)

Replies are kept in the store as they come, so judging that was stopped goes on with the same call and pays for nothing
twice; the files are written at the end. Each answer is a row for each judge; one without a score is dropped with its
reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from taco import __version__
from taco.evaluate.judge.calibration import Calibration, HumanScore, calibrate
from taco.evaluate.judge.caveats import find_warnings
from taco.evaluate.judge.differences import compare_systems, sign_differences
from taco.evaluate.judge.hearing import Desk, Heard, hear
from taco.evaluate.judge.judgement import Judgement, Use
from taco.evaluate.judge.jury import PANEL, make_panel, measure_agreement
from taco.evaluate.judge.length import control_length
from taco.evaluate.judge.means import SystemScores, summarise_system
from taco.evaluate.judge.options import JudgeOptions
from taco.evaluate.judge.pairs import summarise_pairs
from taco.evaluate.judge.panel import Panelist
from taco.evaluate.judge.prompt import Scale
from taco.evaluate.judge.scores import Account, JudgeFacts, JudgeScores, write_judge_scores
from taco.evaluate.judge.store import Spending
from taco.evaluate.judge.submission import Submission
from taco.measure.bootstrap import Bootstrap
from taco.measure.macro import sign_macro
from taco.records import StageCount
from taco.store.jsonl import write_records


def run_judge(
    options: JudgeOptions,
    panel: Sequence[Panelist],
    submissions: Sequence[Submission],
    *,
    human: Sequence[HumanScore],
    out: Path,
    desk: Desk,
    inputs: Mapping[str, str],
) -> StageCount:
    """Judge submissions and write what was found.

    Args:
        options: How answers are judged.
        panel: Who judges.
        submissions: The answers of all systems.
        human: Answers with human scores, to calibrate the judges on.
        out: The folder of the results.
        desk: Where replies are kept, and who pays.
        inputs: File -> SHA-256, for the record.

    Raises:
        TacoError: A judge or the store cannot go on, or the budget is spent; what came back is stored.
    """
    people = [one.submission for one in human]
    heard = [hear(panelist, submissions, human=people, options=options, desk=desk) for panelist in panel]
    spending = desk.store.read_spending(desk.budget.account)
    scores = build_scores(options, heard, submissions, human=human, spending=spending, inputs=inputs)
    write_records(out / "verdicts.jsonl", [one for judge in heard for one in judge.judgements])
    if options.mode == "pair":
        write_records(out / "pairs.jsonl", [one for judge in heard for one in judge.pairs])
    write_judge_scores(out / "scores.json", scores)
    return _count(heard, spending)


def build_scores(
    options: JudgeOptions,
    heard: Sequence[Heard],
    submissions: Sequence[Submission],
    *,
    human: Sequence[HumanScore],
    spending: Spending,
    inputs: Mapping[str, str],
) -> JudgeScores:
    """Put together what all judges said; see `run_judge` for the arguments."""
    bootstrap = Bootstrap(samples=options.bootstrap_samples, confidence=options.confidence, seed=options.seed)
    said = {judge.label: judge.judgements for judge in heard}
    voices = said | ({PANEL: tuple(make_panel(said))} if len(said) > 1 else {})
    by_system = {label: _group(found) for label, found in voices.items()}
    calibration = _calibrate(heard, human, options, bootstrap)
    return JudgeScores(
        options=options,
        languages=tuple(sorted({one.language for one in submissions})),
        answers=len(submissions),
        judges={judge.label: _describe(judge) for judge in heard},
        systems=_summarise(by_system, options, bootstrap),
        differences=tuple(
            one
            for label, found in by_system.items()
            for one in compare_systems(found, judge=label, bootstrap=bootstrap)
        ),
        pairs=summarise_pairs([one for judge in heard for one in judge.pairs], bootstrap),
        length={label: control_length(found) for label, found in by_system.items() if len(found) > 1},
        agreement=measure_agreement(said) if len(said) > 1 and options.mode != "pair" else None,
        calibration=calibration,
        warnings=find_warnings(heard, submissions, calibration, options),
        account=Account(**asdict(spending)),
        bootstrap=bootstrap,
        signatures={
            "taco": __version__,
            "intervals": f"{bootstrap.signature}; {sign_macro()}",
            "p-values": sign_differences(bootstrap),
        },
        inputs=dict(inputs),
    )


def _summarise(
    by_system: Mapping[str, Mapping[str, Sequence[Judgement]]], options: JudgeOptions, bootstrap: Bootstrap
) -> dict[str, dict[str, SystemScores]]:
    scale = Scale(options.lowest, options.highest)
    systems: dict[str, dict[str, SystemScores]] = {}
    for label, found in by_system.items():
        for system, judgements in found.items():
            systems.setdefault(system, {})[label] = summarise_system(judgements, scale=scale, bootstrap=bootstrap)
    return systems


def _group(judgements: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    groups: dict[str, list[Judgement]] = {}
    for one in judgements:
        groups.setdefault(one.system, []).append(one)
    return groups


def _calibrate(
    heard: Sequence[Heard], human: Sequence[HumanScore], options: JudgeOptions, bootstrap: Bootstrap
) -> dict[str, dict[str, Calibration]]:
    if not human:
        return {}
    scale = Scale(options.lowest, options.highest)
    return {
        judge.label: calibrate(human, judge.human, options=options.calibration, scale=scale, bootstrap=bootstrap)
        for judge in heard
    }


def _describe(judge: Heard) -> JudgeFacts:
    uses = judge.list_uses()
    sent = [use.tokens_sent for use in uses if use.tokens_sent is not None]
    written = [use.tokens_written for use in uses if use.tokens_written is not None]
    use = Use(
        replies=sum(use.replies for use in uses),
        unreadable=sum(use.unreadable for use in uses),
        tokens_sent=sum(sent) if sent else None,
        tokens_written=sum(written) if written else None,
        usd=round(sum(use.usd for use in uses), 8),
        snapshots=tuple(dict.fromkeys(name for use in uses for name in use.snapshots)),
    )
    return JudgeFacts(signature=judge.signature, prompts=judge.prompts, use=use)


def _count(heard: Sequence[Heard], spending: Spending) -> StageCount:
    reasons = [one.reason for judge in heard for one in judge.judgements if one.score is None]
    reasons += [one.reason for judge in heard for one in judge.pairs if not one.winner]
    rows = sum(len(judge.judgements) + len(judge.pairs) for judge in heard)
    return StageCount(
        rows_in=rows,
        rows_kept=rows - len(reasons),
        dropped=Counter(reasons),
        counters={"calls": spending.calls, "lost_calls": spending.lost, "usd": round(spending.usd, 6)},
    )
