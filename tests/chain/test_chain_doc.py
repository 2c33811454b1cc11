"""docs/chain.md shows every format as it is rendered."""

import re
from pathlib import Path

from taco.chain.formats import find_format, find_template, list_formats
from taco.chain.run import build_examples
from taco.languages.table import find_language
from taco.records import TranslatedRow

DOC = (Path(__file__).parents[2] / "docs" / "chain.md").read_text(encoding="utf-8")
FLOWING = " ".join(DOC.split())
GALICIAN = find_language("gl")
ROW = TranslatedRow(
    id="0" * 16,
    language="gl",
    category="",
    instruction_en="Name a colour of the sky.",
    input_en="",
    response_en="The sky is blue.",
    instruction="Di unha cor do ceo.",
    input="",
    response="O ceo é azul.",
    words=1,
    unknown_words=0,
    engine="echo",
)


def test_every_format_is_shown_as_it_is_rendered() -> None:
    for name in list_formats():
        assert f"| `{name}` |" in DOC
        for example in build_examples(ROW, GALICIAN, template=name):
            part = find_template(example.template).part
            if part:
                assert f"| `{part}` | {example.prompt} | {example.completion} |" in DOC
            else:
                assert f"```\n{example.completion}\n```" in DOC
                assert example.system in FLOWING


def test_the_format_of_ones_own_renders_what_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(next(block for block in re.findall(r"```toml\n(.*?)```", DOC, re.DOTALL) if "version" in block))
    (example,) = build_examples(ROW, GALICIAN, template=str(path))
    assert f"```\n{example.completion}\n```" in DOC
    assert find_format(str(path)).takes_rule
