"""py3langid's model unpacked in the cache folder: the same model, whatever happened to the file."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

from taco.languages.unpacked import load_unpacked, read_unpacked

PACKED = MODEL_DIR / MODEL_FILE
TEXTS = ("O ceo é azul e o mar é frío.", "मेरो घर पहाडमा छ ।", "这个村子里的人们", "ĉiuj homoj", "x", "")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    load_unpacked(PACKED, folder / "identification")
    return next((folder / "identification").iterdir())


@pytest.fixture(scope="module")
def original() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def test_it_is_the_packages_own_model(kept: Path, original: LanguageIdentifier) -> None:
    found = read_unpacked(kept)
    assert [name for name in found.__slots__ if not _is_same(getattr(found, name), getattr(original, name))] == []
    assert [found.rank(text) for text in TEXTS] == [original.rank(text) for text in TEXTS]


def test_what_is_kept_is_read_and_left_alone(kept: Path) -> None:
    before = kept.stat()
    load_unpacked(PACKED, kept.parent)
    assert kept.stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "rubbish"])
def test_a_damaged_file_is_made_anew(kept: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / kept.name
    shutil.copyfile(kept, path)
    whole = path.stat().st_size
    with path.open("r+b") as out:
        if damage == "changed":
            out.seek(whole // 2)
            byte = out.read(1)
            out.seek(whole // 2)
            out.write(bytes([byte[0] ^ 1]))
        elif damage == "rubbish":
            out.truncate(0)
            out.write(b"rubbish\n" * 100)
        else:
            out.truncate(whole - 1000 if damage == "cut" else 0)
    assert load_unpacked(PACKED, tmp_path).classify(TEXTS[0])[0] == "gl"
    with kept.open("rb") as one, path.open("rb") as other:
        assert one.read() == other.read()


def test_where_nothing_can_be_written_the_package_unpacks(tmp_path: Path, original: LanguageIdentifier) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    found = load_unpacked(PACKED, tmp_path / "file")
    assert found.rank(TEXTS[0]) == original.rank(TEXTS[0])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("taco.languages.unpacked.shutil.copyfileobj", refuse)
    monkeypatch.setattr(LanguageIdentifier, "from_model_file", lambda *_, **__: "the package's own")
    assert load_unpacked(PACKED, tmp_path) == "the package's own"
    assert list(tmp_path.iterdir()) == []


def test_another_model_has_a_file_of_its_own(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "other.npz.xz").write_bytes(b"no model")
    with pytest.raises(Exception, match="format not supported"):
        load_unpacked(tmp_path / "other.npz.xz", kept.parent)
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, tuple):
        assert isinstance(other, tuple)
        return len(one) == len(other) and all(map(_is_same, one, other))
    return type(one) is type(other) and bool(np.array_equal(np.asarray(one), np.asarray(other)))
