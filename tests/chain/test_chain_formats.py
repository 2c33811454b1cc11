"""Formats as data: names, parts, and files of a user's own."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from taco.chain.formats import find_format, find_template
from taco.chain.options import ChainOptions
from taco.chain.parse import parse_chain
from taco.errors import RecipeError
from taco.languages.table import find_language
from taco.records import Chain

GALICIAN = find_language("gl")
OWN = """
version = 3
system = "Think in English, answer in {language}."
prompt = "instruction"
sections = [
  { name = "response_en", label = "Draft:", after = " " },
  { name = "response", before = "\\n", label = "In {language}:", after = " " },
]
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    return str(path)


def test_a_format_of_ones_own(own: str) -> None:
    template = find_template(own)
    rendered = template.render(Chain(instruction_en="", response_en="Hi", response="Ola"), GALICIAN)
    assert rendered == "Draft: Hi\nIn Galician: Ola"
    assert template.signature == f"{own} v3"
    assert template.system(GALICIAN) == "Think in English, answer in Galician."
    assert parse_chain(rendered, template=own, language=GALICIAN).response == "Ola"


def test_a_change_of_a_file_changes_what_decides_the_stage(own: str) -> None:
    options = ChainOptions(template=own)
    before = options.list_signatures()
    Path(own).write_text(OWN.replace("Draft:", "Sketch:"), encoding="utf-8")
    assert options.list_signatures() != before


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("version = ", "no TOML"),
        ("version = 1", "prompt"),
        (OWN.replace("Draft:", "Draft"), "end with a colon"),
        (OWN.replace('label = "Draft:", after = " "', 'after = " "'), "nothing may stand around it"),
        (OWN.replace('label = "Draft:", after = " "', ""), "malformed"),
        (OWN.replace('name = "response",', 'name = "response_en",'), "two sections have the name"),
        (OWN.replace("In {language}:", "Draft:"), "two sections have the label"),
        (OWN.replace('label = "In {language}:"', 'label = "In {language}:", added = "."'), "after the last section"),
        (OWN.replace('name = "response"', 'name = "answer"'), "sections.1.name"),
        (OWN + "colour = 1", "colour"),
        (OWN.replace('prompt = "instruction"', 'prompt = "question"'), "prompt"),
    ],
)
def test_a_malformed_file_is_refused_with_its_fault(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=fault):
        find_format(str(path))


def test_names_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'taco-paper'"):
        find_template("taco_paper")
    with pytest.raises(RecipeError, match="no part 'question-to-englsh'"):
        find_template("translate-only:question-to-englsh")
    with pytest.raises(RecipeError, match="several parts"):
        find_template("translate-only")
    with pytest.raises(RecipeError, match="cannot be read"):
        find_format(str(tmp_path / "none.toml"))
    with pytest.raises(ValidationError, match="no chain format 'tacos'"):
        ChainOptions(template="tacos")


def test_the_length_rule_is_for_formats_that_answer() -> None:
    with pytest.raises(ValidationError, match="answers no questions"):
        ChainOptions(template="question-translation", length_rule=True)
