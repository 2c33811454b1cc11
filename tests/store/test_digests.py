"""A digest is that of the file as it is, whether it was read or remembered."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from taco.errors import StoreError
from taco.store import digests
from taco.store.digests import DigestCache


def age(file: Path, seconds: int = 60) -> None:
    at = file.stat().st_mtime_ns - seconds * 10**9
    os.utime(file, ns=(at, at))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the list of files that were really read."""
    read: list[Path] = []

    def digest_file(file: Path) -> str:
        read.append(file)
        return hashlib.sha256(file.read_bytes()).hexdigest()

    monkeypatch.setattr(digests, "digest_file", digest_file)
    return read


def test_an_old_file_is_read_once(tmp_path: Path, reads: list[Path]) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"rows")
    age(file)
    for _ in range(2):
        cache = DigestCache(tmp_path / "digests.json")
        assert cache.digest(file) == hashlib.sha256(b"rows").hexdigest()
        cache.save()
    assert reads == [file]


def test_a_change_of_size_or_time_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    cache = DigestCache(tmp_path / "digests.json")
    for content, seconds in ((b"rows", 60), (b"more rows", 60), (b"less rows", 50)):
        file.write_bytes(content)
        age(file, seconds)
        assert cache.digest(file) == hashlib.sha256(content).hexdigest()


def test_a_file_that_changed_just_now_is_not_trusted(tmp_path: Path, reads: list[Path]) -> None:
    file = tmp_path / "rows.jsonl"
    cache = DigestCache(tmp_path / "digests.json")
    file.write_bytes(b"rows")
    stamp = file.stat().st_mtime_ns
    cache.digest(file)
    file.write_bytes(b"swor")  # the same size, and a clock too coarse to tell the two apart
    os.utime(file, ns=(stamp, stamp))
    assert cache.digest(file) == hashlib.sha256(b"swor").hexdigest()
    assert len(reads) == 2


@pytest.mark.parametrize("rubbish", [b"", b"[]", b'{"a": 1}', b'{"a": [1, 2, 3]}', b"\xff"])
def test_a_damaged_cache_is_empty(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / "digests.json").write_bytes(rubbish)
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"rows")
    assert DigestCache(tmp_path / "digests.json").digest(file) == hashlib.sha256(b"rows").hexdigest()


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"rows\.jsonl"):
        DigestCache(tmp_path / "digests.json").digest(tmp_path / "rows.jsonl")
