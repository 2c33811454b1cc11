"""What a machine makes of answers in English, for judges who read the target language badly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from taco.errors import RecipeError
from taco.evaluate.judge.submission import Submission
from taco.gate.back import open_back
from taco.languages.table import ENGLISH, find_language
from taco.progress import Progress
from taco.records import Row
from taco.translate.options import TranslateOptions
from taco.translate.run import Means, Payer


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTranslation:
    """How answers are translated into English.

    Attributes:
        engine: Name of the translation engine, with its own defaults.
        memory: The translation memory.
        account: On whose behalf texts are sent.
        budget_usd: US dollars that the engine may cost; None where there is no limit.
    """

    engine: str
    memory: Path
    account: str
    budget_usd: float | None = None

    def describe(self) -> Means:
        """Return this for the engines' own machinery.

        Raises:
            RecipeError: There is no such engine, or it has options that must be given.
        """
        try:
            translate = TranslateOptions(engine=self.engine, max_unknown_share=1.0, budget_usd=self.budget_usd)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]["msg"]
            raise RecipeError(
                f"The engine {self.engine} cannot translate back: {fault}.",
                hint="Give the field back_translation in a file of answers instead.",
            ) from None
        return Means(translate=translate, memory=self.memory, payer=Payer(run=self.account, account=self.account))


def translate_back(submissions: Sequence[Submission], how: BackTranslation, *, progress: Progress) -> list[Submission]:
    """Return the submissions with their answers in English, where they have none and the engine can.

    An answer that the engine cannot translate without breaking it stays without.

    Args:
        submissions: The answers.
        how: The engine, the memory and who pays.
        progress: Where to say how far it is.

    Raises:
        EngineError: The engine is missing, has no way into English, or cannot go on; what it translated is kept.
        BudgetError: The budget is spent.
    """
    found = list(submissions)
    wanted: dict[str, list[int]] = {}
    for place, one in enumerate(found):
        if one.answer.strip() and not one.back_translation and one.language != ENGLISH.code:
            wanted.setdefault(one.language, []).append(place)
    for code, places in wanted.items():
        rows = [Row(id=str(place), instruction=found[place].answer, input="", response="") for place in places]
        source = find_language(code)
        with (
            progress.task(f"Translating back from {source.name}", total=len(rows), unit="answers") as task,
            open_back(how.describe(), source=source, progress=progress, task=task) as translator,
        ):
            for number, row in translator.translate(rows).items():
                place = places[number]
                found[place] = replace(found[place], back_translation=row.instruction)
    return found
