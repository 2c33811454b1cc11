"""The registry: names to code, with a suggestion for what is misspelt."""

import pytest

from taco.errors import RecipeError
from taco.registry import Entry, Registry

COLOURS = Registry("colour", {"red": Entry("taco.errors:DataError", "taco.errors:StoreError")})


def test_targets_are_imported() -> None:
    assert COLOURS.load_options("red").__name__ == "DataError"
    assert COLOURS.load_implementation("red").__name__ == "StoreError"


def test_unknown_name_is_suggested() -> None:
    with pytest.raises(RecipeError, match=r"There is no colour 'rad'; did you mean 'red'\?\nKnown: red\."):
        COLOURS.load_options("rad")
