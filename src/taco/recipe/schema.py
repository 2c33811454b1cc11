"""The typed form of a recipe: the options of every stage under the stage's own name."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from taco.chain.formats import find_format
from taco.chain.options import ChainOptions
from taco.errors import RecipeError
from taco.evaluate.options import EvaluateOptions
from taco.gate.options import GateOptions
from taco.generate.modes import check_mode
from taco.generate.options import GenerateOptions
from taco.languages.table import ENGLISH, Language, all_languages, find_language
from taco.model.options import ModelOptions
from taco.publish.dataset.options import DatasetOptions
from taco.source.options import SourceOptions
from taco.train.options import TrainOptions
from taco.translate.options import TranslateOptions

MITS = "mits-132"
"""Stands for the 132 languages of the TaCo data (arXiv 2311.10797)."""


class Recipe(BaseModel):
    """All that decides a run, or one run for each of several languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._{}-]{0,79}$",
        description="Name of the run and of its folder; {language} stands for the language's code.",
    )
    language: str = Field(
        default="", description="The language to teach: any code, name or alias that `taco languages` knows."
    )
    languages: tuple[str, ...] = Field(
        default=(),
        description="Several languages, one run each, instead of `language`; `mits-132` stands for the 132 of the TaCo data.",
    )
    seed: int = Field(default=17, ge=0, lt=2**32, description="Seed of splits, shuffles, dropout and bootstrap.")
    source: SourceOptions = SourceOptions()
    translate: TranslateOptions = TranslateOptions()
    gate: GateOptions = GateOptions()
    chain: ChainOptions = ChainOptions()
    model: ModelOptions = ModelOptions()
    train: TrainOptions = TrainOptions()
    generate: GenerateOptions = GenerateOptions()
    evaluate: EvaluateOptions = EvaluateOptions()
    dataset: DatasetOptions = DatasetOptions()

    @field_validator("language")
    @classmethod
    def _resolve_language(cls, value: str) -> str:
        return _find_target(value) if value else ""

    @field_validator("languages", mode="before")
    @classmethod
    def _take_list(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("languages")
    @classmethod
    def _resolve_languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        codes: dict[str, None] = {}
        for name in value:
            codes.update(dict.fromkeys(_list_mits() if name == MITS else [_find_target(name)]))
        return tuple(codes)

    @field_validator("name")
    @classmethod
    def _check_braces(cls, value: str) -> str:
        if set("{}") & set(value.replace("{language}", "")):
            raise ValueError("only {language} may stand in braces")
        return value

    @model_validator(mode="after")
    def _check_languages(self) -> Recipe:
        if bool(self.language) == bool(self.languages):
            raise ValueError("one of language and languages must be given" + (", not both" if self.language else ""))
        if len(self.languages) > 1 and "{language}" not in self.name:
            raise ValueError(f"name: with several languages it must hold {{language}} (found {self.name!r})")
        return self

    @model_validator(mode="after")
    def _check_mode(self) -> Recipe:
        if self.generate.mode != "chain":
            for template in find_format(self.chain.format_of("heldout")).templates:
                try:
                    check_mode(self.generate.mode, template)
                except RecipeError as error:
                    raise ValueError(f"generate.mode: {error}") from error
        return self

    def split(self) -> tuple[Recipe, ...]:
        """Return one recipe for each language.

        >>> [one.run_name for one in Recipe(name="demo-{language}", languages=("gl", "Esperanto")).split()]
        ['demo-gl', 'demo-eo']
        """
        if self.language:
            return (self,)
        return tuple(self.model_copy(update={"language": code, "languages": ()}) for code in self.languages)

    @property
    def target(self) -> Language:
        """The language to teach."""
        return find_language(self.language)

    @property
    def train_seed(self) -> int:
        """The seed of the training.

        >>> Recipe(name="demo", language="gl", seed=3).train_seed
        3
        """
        return self.seed if self.train.seed is None else self.train.seed

    @property
    def is_trained(self) -> bool:
        """Whether the run trains: it does not where the base model alone answers."""
        return "tuned" in self.generate.arms

    @property
    def run_name(self) -> str:
        """The name of the run's folder.

        >>> Recipe(name="demo-{language}", language="Galician").run_name
        'demo-gl'
        """
        return self.name.replace("{language}", self.language)


def _find_target(name: str) -> str:
    try:
        language = find_language(name)
    except RecipeError as error:
        raise ValueError(str(error)) from error
    if language == ENGLISH:
        raise ValueError("the target must be another language than English")
    return language.code


def _list_mits() -> list[str]:
    return [language.code for language in all_languages() if language.mits]
