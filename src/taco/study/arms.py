"""What a study compares: each arm is a chain format, and a way to train on it or to do without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taco.errors import RecipeError
from taco.generate.options import Mode
from taco.recipe.schema import Recipe
from taco.registry import suggest

if TYPE_CHECKING:
    from taco.study.options import ArmsStudy

CASCADE = "translate-test"
"""The arm in which an engine, the base model and the engine again answer; the baseline to beat (arXiv 2403.10258)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to get answers.

    Attributes:
        name: Its name.
        about: What it is, in a few words.
        template: Chain format of its training rows; of an arm without training that of its questions.
        heldout: Chain format of the questions where it is another one.
        train: Settings of its training besides those that all arms share.
        mode: Which steps a translation engine does, see docs/translate-test.md.
        is_trained: Whether it trains at all; if not, its answers depend on no seed.
    """

    name: str
    about: str
    template: str
    heldout: str = ""
    train: Mapping[str, Any] = field(default_factory=dict)
    is_trained: bool = True
    mode: Mode = "chain"

    def make_recipe(self, recipe: Recipe, study: ArmsStudy, seed: int | None) -> Recipe:
        """Return the recipe of one run of the arm.

        Args:
            recipe: What all arms share.
            study: Tokens in all and in a step.
            seed: Seed of the training; None for an arm without.
        """
        table = recipe.model_dump()
        table["name"] = self.name_run(seed)
        table["chain"] |= {"template": self.template, "heldout_template": self.heldout}
        table["generate"] |= {"arms": ("tuned",) if self.is_trained else ("base",), "mode": self.mode}
        if self.is_trained:
            table["train"] |= {
                "seed": seed,
                "stages": (),
                "max_tokens": study.tokens,
                "batch_tokens": study.batch_tokens,
                "keep_checkpoints": 0,
                **self.train,
            }
        return Recipe.model_validate(table)

    def name_run(self, seed: int | None) -> str:
        """Return the name of a run's folder.

        >>> find_arm("taco").name_run(0), find_arm("base").name_run(None)
        ('taco-s0', 'base')
        """
        return self.name if seed is None else f"{self.name}-s{seed}"


_STAGED = ("question-translation", "taco")

ARMS = {
    arm.name: arm
    for arm in (
        Arm(name="base", about="the base model, asked in the target language", template="direct", is_trained=False),
        Arm(
            name=CASCADE,
            about="question translated by the engine, answered by the base model in English, translated by the engine",
            template="taco",
            is_trained=False,
            mode="engine-both",
        ),
        Arm(name="direct", about="plain tuning on translated rows", template="direct"),
        Arm(
            name="translate-only",
            about="tuned on translation pairs alone, asked like `direct`",
            template="translate-only",
            heldout="direct",
        ),
        Arm(name="two-section", about="answer in English, then in the target language", template="two-section"),
        Arm(name="taco", about="the chain of three sections", template="taco"),
        Arm(
            name="staged",
            about="questions back into English first, then the taco chain",
            template="taco",
            train={"templates": _STAGED, "order": "templates"},
        ),
        Arm(
            name="shuffled",
            about="the rows of `staged`, shuffled",
            template="taco",
            train={"templates": _STAGED},
        ),
    )
}
"""Name -> arm, in the order in which tables show them."""

KINDS = {"ablation": tuple(ARMS), "compare": ("base", "direct", "taco")}
"""Kind of study -> its arms."""


def find_arm(name: str) -> Arm:
    """Return the arm of that name.

    Raises:
        RecipeError: There is none.
    """
    if name not in ARMS:
        raise RecipeError(f"There is no arm {name!r}{suggest(name, ARMS)}", hint=f"Arms: {', '.join(ARMS)}.")
    return ARMS[name]


def list_arms(kind: str, named: tuple[str, ...]) -> tuple[Arm, ...]:
    """Return the arms of a study in the tables' order: those named, or else those of its kind.

    >>> [arm.name for arm in list_arms("compare", ())], [arm.name for arm in list_arms("compare", ("taco", "base"))]
    (['base', 'direct', 'taco'], ['base', 'taco'])
    """
    chosen = named or KINDS[kind]
    return tuple(arm for name, arm in ARMS.items() if name in chosen)
