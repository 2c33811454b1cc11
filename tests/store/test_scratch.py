from __future__ import annotations

from pathlib import Path

import pytest

from taco.errors import StoreError
from taco.records import Drop, to_json
from taco.store.scratch import ScratchFile

DROPS = [Drop(id=str(number), stage="source", reason="duplicate", detail="ñ\n") for number in range(3)]


def test_what_was_added_can_be_read_more_than_once_and_added_to(tmp_path: Path) -> None:
    with ScratchFile(tmp_path / "new" / "a.scratch") as scratch:
        for drop in DROPS[:2]:
            scratch.add(drop)
        assert list(scratch.read_lines()) == list(scratch.read_lines()) == [_line(drop) for drop in DROPS[:2]]
        scratch.add(DROPS[2])
        assert list(scratch.read_lines())[2:] == [_line(DROPS[2])]
    assert list((tmp_path / "new").iterdir()) == []


def test_a_file_that_a_kill_left_behind_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.scratch").write_text("half a li")
    with ScratchFile(tmp_path / "a.scratch") as scratch:
        assert list(scratch.read_lines()) == []


def test_nothing_is_left_behind_by_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ScratchFile(tmp_path / "a.scratch") as scratch:
        scratch.add(DROPS[0])
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"), ScratchFile(tmp_path / "file" / "a.scratch"):
        pass


def _line(drop: Drop) -> bytes:
    return f"{to_json(drop)}\n".encode()
