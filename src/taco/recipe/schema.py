"""The typed form of a recipe: the options of every stage under the stage's own name."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from taco.chain.options import ChainOptions
from taco.errors import RecipeError
from taco.evaluate.options import EvaluateOptions
from taco.generate.options import GenerateOptions
from taco.languages.table import ENGLISH, Language, find_language
from taco.model.options import ModelOptions
from taco.source.options import SourceOptions
from taco.train.options import TrainOptions
from taco.translate.options import TranslateOptions


class Recipe(BaseModel):
    """All that decides a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._{}-]{0,79}$",
        description="Name of the run and of its folder; {language} stands for the language's code.",
    )
    language: str = Field(description="The language to teach: any code, name or alias that `taco languages` knows.")
    seed: int = Field(default=17, ge=0, lt=2**32, description="Seed of splits, shuffles, dropout and bootstrap.")
    source: SourceOptions = SourceOptions()
    translate: TranslateOptions = TranslateOptions()
    chain: ChainOptions = ChainOptions()
    model: ModelOptions = ModelOptions()
    train: TrainOptions = TrainOptions()
    generate: GenerateOptions = GenerateOptions()
    evaluate: EvaluateOptions = EvaluateOptions()

    @field_validator("language")
    @classmethod
    def _resolve_language(cls, value: str) -> str:
        try:
            language = find_language(value)
        except RecipeError as error:
            raise ValueError(str(error)) from error
        if language == ENGLISH:
            raise ValueError("the target must be another language than English")
        return language.code

    @field_validator("name")
    @classmethod
    def _check_braces(cls, value: str) -> str:
        if set("{}") & set(value.replace("{language}", "")):
            raise ValueError("only {language} may stand in braces")
        return value

    @property
    def target(self) -> Language:
        """The language to teach."""
        return find_language(self.language)

    @property
    def run_name(self) -> str:
        """The name of the run's folder.

        >>> Recipe(name="demo-{language}", language="Galician").run_name
        'demo-gl'
        """
        return self.name.replace("{language}", self.language)
