"""Real rows through Apertium, judged by a checker that shares no code with the stage.

TACO_STRUCTURE_LANGUAGES=gl,eo,ca,es,ast TACO_STRUCTURE_ROWS=999 pytest -n 0 -s tests/translate/test_structure_of_rows.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from independent_rows import read_alpaca, survey

from taco.languages.table import ENGLISH, find_language
from taco.translate.apertium.engine import open_apertium
from taco.translate.apertium.modes import find_code, find_folder, find_path, list_modes
from taco.translate.apertium.options import ApertiumOptions

LANGUAGES = os.environ.get("TACO_STRUCTURE_LANGUAGES", "gl").split(",")
COUNT = int(os.environ.get("TACO_STRUCTURE_ROWS", "60"))


@pytest.mark.embedded
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("code", LANGUAGES)
def test_no_kept_row_has_lost_a_part_of_its_structure(code: str, alpaca_rows: Path) -> None:
    language = find_language(code)
    if not find_path(list_modes(find_folder(None)), source=find_code(ENGLISH), target=find_code(language)):
        pytest.skip(f"needs Apertium's pairs from English to {language.name}")
    with open_apertium(ApertiumOptions(processes=1), source=ENGLISH, target=language) as engine:
        found = survey(engine, read_alpaca(alpaca_rows, COUNT), language=language.code)
    print(f"\n{language.code}: {found.describe()}")
    assert not found.damages, "\n".join(found.damages)
    assert len(found.kept) >= 0.85 * COUNT
