"""Options are checked when the recipe is, the backend's own options with them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from taco.generate.backend import BACKENDS
from taco.generate.options import EchoOptions, GenerateOptions, TransformersOptions


def test_every_backend_can_be_chosen_and_shows_its_options() -> None:
    needed = {"openai": {"model": "m", "base_url": "http://localhost:8000/v1"}}
    for name in BACKENDS.names:
        given = needed.get(name, {})
        options = GenerateOptions(backend=name, options=given)
        assert isinstance(options.backend_options, BACKENDS.load_options(name))
        assert options.options == BACKENDS.load_options(name)(**given).model_dump(mode="json")


def test_options_of_the_backend_are_typed() -> None:
    assert GenerateOptions(options={"batch_size": 3}).backend_options == TransformersOptions(batch_size=3)
    echo = GenerateOptions(backend="echo", options={"seconds_per_token": 1})
    assert echo.backend_options == EchoOptions(seconds_per_token=1.0)


def test_a_dump_reads_back_as_the_same_options() -> None:
    options = GenerateOptions(backend="echo", max_new_tokens=9)
    assert GenerateOptions.model_validate(options.model_dump(mode="json")) == options


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"backend": "transformer"}, "did you mean 'transformers'"),
        ({"max_new_tokens": 0}, "greater than or equal to 1"),
        ({"max_tokens": 5}, "max_tokens"),
        ({"options": {"batch": 3}}, "batch_size"),
        ({"options": {"batch_size": 0}}, "batch_size"),
        ({"backend": "echo", "options": {"batch_size": 3}}, "seconds_per_token"),
    ],
)
def test_faults_are_named(table: dict, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        GenerateOptions.model_validate(table)


def test_options_are_cheap_to_import() -> None:
    code = (
        "import sys, taco.generate.options; print([m for m in ('torch', 'transformers', 'peft') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
