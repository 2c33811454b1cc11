"""docs/study.md names every arm and kind, and its example is a study."""

import re
import tomllib
from pathlib import Path

from taco.study.arms import ARMS, KINDS
from taco.study.cost.options import CostStudy
from taco.study.options import ArmsStudy
from taco.study.tokens.options import TokenStudy
from taco.study.transfer.options import TransferStudy

DOC = (Path(__file__).parents[2] / "docs" / "study.md").read_text(encoding="utf-8")


def test_every_arm_and_kind_is_described() -> None:
    assert all(
        re.search(rf"^\| `{name}` \| .* \| `{arm.heldout or arm.template}` \|$", DOC, re.M)
        for name, arm in ARMS.items()
    )
    assert all(f"`taco study {kind} STUDY`" in DOC for kind in KINDS)


def test_the_example_is_a_study_with_every_setting_in_less_than_20_lines() -> None:
    example = next(re.finditer(r"```toml\n(.*?)```", DOC, re.S))[1]
    study = ArmsStudy.model_validate(tomllib.loads(example))
    assert study.model_fields_set == set(ArmsStudy.model_fields)
    assert len(example.splitlines()) < 20


def test_the_other_examples_are_studies_too_and_short() -> None:
    examples = [match[1] for match in re.finditer(r"```toml\n(.*?)```", DOC, re.S)][1:]
    forms = (TokenStudy, TransferStudy, TransferStudy, CostStudy)
    for example, form in zip(examples, forms, strict=True):
        form.model_validate(tomllib.loads(example))
        assert len(example.splitlines()) <= 20
