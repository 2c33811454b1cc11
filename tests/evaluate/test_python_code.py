"""Code that still compiles: parsed, never run, and nothing that an answer holds brings the parser down."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.evaluate import python_code
from taco.evaluate.case import Case

GOOD = "```python\ndef add(a, b):\n    return a + b\n```"
BAD = "```python\ndef engadir(a, b)\n    devolver a + b\n```"
CHAIN = "Instruction in English:\nWrite it.\n\nResponse in English:\nHere:\n{}\n\nResponse in Galician:\nAquí:\n{}"


@pytest.mark.parametrize(
    ("english", "target", "kept", "valid"),
    [
        (GOOD, GOOD, 1, 1),
        (GOOD, BAD, 0, 0),
        (GOOD, "def add(a, b):", 0, None),
        (GOOD, f"{GOOD}\n{BAD}", 0, 0),
        (BAD, GOOD, None, 1),
        ("No code.", GOOD, None, 1),
        ("```sh\nls |\n```", "```sh\nls |\n```", None, None),
    ],
)
def test_python_that_is_kept(
    make_case: Callable[..., Case], english: str, target: str, kept: float | None, valid: float | None
) -> None:
    values = python_code.measure(make_case(CHAIN.format(english, target)))
    assert values == {"python_kept": kept, "python_valid": valid}


def test_a_reply_without_labels_is_looked_at_too(make_case: Callable[..., Case]) -> None:
    assert python_code.measure(make_case(GOOD)) == {"python_kept": None, "python_valid": 1}


@pytest.mark.parametrize(
    "source",
    [
        "print('ola')",
        "    indented = 1\n    as_a_whole = 2",
        "path = 'C:\\d'  # an escape that only warns",
        "table = {\n" + "".join(f"    {number}: 'a (b',\n" for number in range(300)) + "}",
        "text = '''" + "(" * 500 + "'''",
        "print(f'{1 + 1}')",
    ],
)
def test_ordinary_code_compiles(source: str) -> None:
    assert python_code.compiles(source)


HOSTILE = {
    "brackets": "(" * 10_000,
    "minus": "-" * 19_000 + "1",
    "minus over lines": "(\n" + "-\n" * 9_000 + "1)",
    "minus over joined lines": "-\\\n" * 6_000 + "1",
    "sum": "1" + "+1" * 9_900,
    "dots": "x" + ".a" * 9_000,
    "calls": "x" + "()" * 9_000,
    "subscripts": "x" + "[0]" * 6_000,
    "lambda": "lambda:" * 2_800 + "1",
    "elif": "if a: b\n" + "elif a: b\n" * 1_900,
    "in an f-string": 'f"{' + "-" * 19_000 + '1}"',
    "indentation": "\n".join(" " * depth + "if 1:" for depth in range(190)),
    "long": "a\n" * 20_000,
    "nul": "\0",
    "surrogate": "\ud800",
    "digits": "9" * 6_000,
    "as deep as is allowed": "(" * 39 + "-" * 350 + "1" + ")" * 39 + " +",
}


def test_hostile_code_neither_runs_nor_brings_the_interpreter_down() -> None:
    program = (
        "from taco.evaluate.python_code import compiles\nimport ast, sys\n"
        "sources = ast.literal_eval(sys.stdin.read())\n"
        "print([name for name, source in sources.items() if compiles(source)])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=ascii(HOSTILE), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_nothing_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert python_code.compiles("print('I ran')\nraise SystemExit")
    assert capsys.readouterr().out == ""


@given(st.text(alphabet="()[]{}'\"\\\n #=+-:fx1 `~", max_size=200))
def test_any_text_is_judged_without_a_fault(text: str) -> None:
    assert python_code.compiles(text) in (True, False)
    assert all(isinstance(code, str) for code in python_code.list_python(f"```python\n{text}"))
