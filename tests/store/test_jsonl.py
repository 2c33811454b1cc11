"""JSON Lines: all or nothing, and logs that survive a kill."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.errors import DataError, StoreError
from taco.records import Chain, from_json, to_json
from taco.store.files import write_atomically
from taco.store.jsonl import RecordLog, read_records, write_records

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
chains = st.builds(Chain, instruction_en=texts, response_en=texts, response=texts)
CHAINS = [Chain(instruction_en=str(n), response_en="é\u2028", response="क\n") for n in range(3)]


@given(chains)
def test_a_record_survives_json_on_one_line(chain: Chain) -> None:
    line = to_json(chain)
    assert "\n" not in line
    assert from_json(Chain, line) == chain


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(DataError, match="cannot be written as UTF-8"):
        to_json(Chain(instruction_en="\ud800", response_en="", response=""))


@pytest.mark.parametrize("line", ["", "[]", "{", '{"instruction_en": 1}', '{"x": "y"}', "null", "\x00"])
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(DataError, match=r"f\.jsonl:3 is no Chain.*expected the fields instruction_en"):
        from_json(Chain, line, origin="f.jsonl:3")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_records(path, CHAINS)
    with pytest.raises(DataError):
        write_records(path, [CHAINS[0], Chain(instruction_en="\ud800", response_en="", response="")])
    assert list(read_records(path, Chain)) == CHAINS
    assert [found.name for found in tmp_path.iterdir()] == ["rows.jsonl"]


def test_an_unwritable_place_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file.*\n.*Choose another one with --runs"):
        write_atomically(tmp_path / "file" / "rows.jsonl", [b""])


@given(cut=st.integers(min_value=0, max_value=200))
def test_a_log_cut_at_any_byte_goes_on(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    with RecordLog(path, Chain) as log:
        log.append(CHAINS)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    with RecordLog(path, Chain) as log:
        assert log.records == CHAINS[: whole[:cut].count(b"\n")]
        log.append(CHAINS[len(log.records) :])
    assert path.read_bytes() == whole
