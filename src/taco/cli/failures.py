"""`taco failures`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from taco.errors import RecipeError

AnswersPath = Annotated[
    Path, typer.Argument(help="Folder of text files, or a JSON file with an id and a text for each.", metavar="ANSWERS")
]
QuestionsPath = Annotated[
    Path | None,
    typer.Option(
        "--questions",
        help="The true English questions by the same ids, with good answers where the file has them.",
        metavar="FILE",
    ),
]
Target = Annotated[
    str | None,
    typer.Option("--language", help="The target language; read off the labels if not given.", metavar="CODE"),
]


def failures(
    answers: AnswersPath,
    questions: QuestionsPath = None,
    language: Target = None,
    template: Annotated[
        str,
        typer.Option(help="The chain format that they were asked in; taco or taco-paper if not given.", metavar="NAME"),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what went wrong with answers, as far as their text alone shows it.

    Found are missing sections, questions repeated instead of answered, answers cut off, loops, stretches in another
    language, flattened lists and code, translated code, questions whose meaning step 1 changed (with --questions), and
    too many sentences. Of conversations every turn's answer is looked at.

    Example: taco failures runs/quickstart-gl/generate/tuned.jsonl --language gl
    """
    from taco.evaluate.failure.survey import survey_answers
    from taco.evaluate.files.questions import read_questions
    from taco.evaluate.files.raw_answers import find_answers_language, read_raw_turns
    from taco.languages.table import find_language

    found = read_raw_turns(answers)
    target = find_language(language) if language else find_answers_language(found)
    if target is None:
        raise RecipeError(f"{answers} does not say which language it is in.", hint="Name it with --language.")
    asked = read_questions(questions) if questions else None
    survey = survey_answers(found, language=target, questions=asked, template=template)
    if as_json:
        from taco.cli.json_output import print_json

        print_json(dataclasses.asdict(survey) | {"counts": survey.count_answers()})
        return
    from taco.cli.streams import open_console
    from taco.report.failure_terminal import render_survey

    open_console().print(render_survey(survey))
