"""Engines and their options as they stand on the command line."""

import pytest

from taco.bench.options import choose_engines
from taco.errors import RecipeError


def test_one_engine_may_be_tried_with_several_settings() -> None:
    plain, loud = choose_engines(["echo", "loud=echo"], ["loud.prefix=X", "echo.parallel_calls=2"])
    assert (plain.label, plain.engine, plain.options.prefix, plain.options.parallel_calls) == ("echo", "echo", "", 2)
    assert (loud.label, loud.engine, loud.options.prefix) == ("loud", "echo", "X")


@pytest.mark.parametrize(
    ("names", "settings", "message"),
    [
        (["ecko"], [], "no translation engine 'ecko'; did you mean 'echo'"),
        (["echo", "echo"], [], "'echo' stands there twice"),
        (["copy=echo"], [], "'copy' cannot be the label of a row"),
        (["a.b=echo"], [], r"'a\.b' cannot be the label"),
        (["echo"], ["prefix=X"], "has no form ENGINE.KEY=VALUE"),
        (["echo"], ["echo.prefix"], "has no form ENGINE.KEY=VALUE"),
        (["echo"], ["ecko.prefix=X"], r"no engine of this bench is called 'ecko'; did you mean 'echo'"),
        (
            ["echo"],
            ["echo.prefx=X"],
            r"prefx: Extra inputs are not permitted.*\nOptions of echo: prefix, parallel_calls",
        ),
        (["echo"], ["echo.parallel_calls=0"], "parallel_calls: Input should be greater than or equal to 1"),
    ],
)
def test_faults_are_named(names: list[str], settings: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        choose_engines(names, settings)


def test_a_message_does_not_show_what_might_be_a_key(noisy: None) -> None:
    with pytest.raises(RecipeError) as caught:
        choose_engines(["noisy"], ["noisy.key=12345678", "noisy.kei=geheim"])
    assert "12345678" not in str(caught.value)
    assert "geheim" not in str(caught.value)
    with pytest.raises(RecipeError) as caught:
        choose_engines(["noisy"], ["noisykey_geheim"])
    assert str(caught.value).count("geheim") == 1  # without "=" nothing says where a value begins
