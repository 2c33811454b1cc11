"""`taco audit`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

JudgementsPath = Annotated[
    Path, typer.Argument(help="A judgement file, or a folder that holds some.", metavar="JUDGEMENTS")
]
AnswersPath = Annotated[
    Path | None,
    typer.Option("--answers", help="Raw answers, a folder or a file; looked for beside JUDGEMENTS.", metavar="PATH"),
]
QuestionsPath = Annotated[
    Path | None,
    typer.Option("--questions", help="The questions by id; looked for beside JUDGEMENTS.", metavar="FILE"),
]
Target = Annotated[
    str | None, typer.Option("--language", help="The target language; found by itself if not given.", metavar="CODE")
]
Claims = Annotated[
    list[str],
    typer.Option("--claim", help="Look for what gives this figure: 88, or SET=88; may be repeated.", metavar="FIGURE"),
]
ReportPath = Annotated[Path | None, typer.Option("--report", help="Write a page of HTML there.", metavar="FILE")]
Samples = Annotated[int, typer.Option(help="Resamples of an interval.", min=100, max=1_000_000)]
Seed = Annotated[int, typer.Option(help="Seed of the resamples.")]


def audit(
    judgements: JudgementsPath,
    answers: AnswersPath = None,
    questions: QuestionsPath = None,
    language: Target = None,
    claims: Claims = [],  # noqa: B006 (typer copies it)
    report: ReportPath = None,
    samples: Samples = 10_000,
    seed: Seed = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Hold judgement files against the judge's own text and the raw answers, and compute their tables anew.

    Read are the files of the paper's release and FastChat's. Found are ratings and answers that are the previous
    question's, ratings that the text does not give, answers in no raw output, wrong language, duplicates and gaps. The
    exit code is 0 where all could be read, whatever was found.

    Example: taco audit release/nepali/judgements.json --answers release/nepali/responses --claim 88
    """
    from taco.evaluate.audit.run import run_audit
    from taco.measure.bootstrap import Bootstrap

    audited = run_audit(
        judgements,
        bootstrap=Bootstrap(samples=samples, confidence=0.95, seed=seed),
        answers_path=answers,
        questions_path=questions,
        language_name=language,
        claims=claims,
    )
    if report is not None:
        from taco.report.audit.page import render_audit_page
        from taco.store.files import write_atomically

        write_atomically(report, [render_audit_page(audited).encode("utf-8", "replace")])
    if as_json:
        from taco.cli.json_output import print_json

        findings = [dataclasses.asdict(finding) for finding in audited.findings]
        print_json(audited.model_dump(mode="python") | {"findings": findings})
        return
    from taco.cli.streams import open_console
    from taco.report.audit.terminal import render_audit

    open_console().print(render_audit(audited))
