"""The files of a data set: equal bytes for equal inputs, after kills too; shards; what is refused."""

import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path

import pytest
from made_language import MadeText, build_language, make_texts, rewrite_manifest

from conftest import read_all, read_pure
from said import Said
from taco.errors import DataError, PublishError, StoreError
from taco.languages.table import find_language
from taco.progress import SilentProgress
from taco.publish.dataset import shards
from taco.publish.dataset.options import DatasetOptions
from taco.publish.dataset.run_record import RunRecord
from taco.publish.dataset.write import write_dataset
from taco.records import TranslatedRow
from taco.store.jsonl import read_records, write_records
from taco.store.run_folder import RunFolder

parquet = pytest.importorskip("pyarrow.parquet")

Write = Callable[..., Path]
GALICIAN = find_language("gl")


class Interrupted(BaseException):
    """Stands for a kill: nothing catches it."""


class _Countdown(SilentProgress):
    """Calls `strike` at the n-th sign of progress."""

    def __init__(self, signs: int, strike: Callable[[], None]) -> None:
        self._left, self._strike = signs, strike

    @contextmanager
    def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator["_Countdown"]:
        self.advance()
        yield self
        self.advance()

    def advance(self, amount: int = 1, *, note: str = "") -> None:
        self._left -= 1
        if self._left == 0:
            self._strike()

    def say(self, line: str) -> None:
        self.advance()


def _interrupt() -> None:
    raise Interrupted


def list_shards(folder: Path) -> dict[str, int]:
    """Return name -> rows of the shards of a folder, in order."""
    return {path.name: parquet.read_metadata(path).num_rows for path in sorted(folder.glob("*.parquet"))}


def test_two_builds_are_equal(tmp_path: Path, write: Write) -> None:
    one, other = (
        write(
            build_language(tmp_path / name / "gl", gate=True),
            build_language(tmp_path / name / "fa", "fa"),
            out=f"{name}/set",
        )
        for name in ("a", "b")
    )
    assert read_all(one) == read_all(other)
    assert set(read_all(one)) == {
        "README.md", "LICENSE.md", "SHA256SUMS", "run/gl.json", "run/fa.json", "recipes/gl.toml", "recipes/fa.toml",
        *(
            f"{folder}/{code}{suffix}/{split}-00000-of-00001.parquet"
            for folder, suffix in (("data", ""), ("data", "-parallel"), ("run", "-run"))
            for code in ("gl", "fa")
            for split in ("train", "test")
        ),
    }  # fmt: skip


def test_what_the_memory_held_before_changes_only_the_folder_run(tmp_path: Path, write: Write) -> None:
    first = build_language(tmp_path / "gl")
    one = write(first, out="a/set")
    again = build_language(tmp_path / "again")
    for name in ("train", "heldout"):
        path = again.translate / f"{name}.jsonl"
        rows = list(read_records(path, TranslatedRow))
        write_records(path, [dataclasses.replace(row, segments_paid=0) for row in rows])
    _renew_digests(tmp_path / "again")
    other = write(again, out="b/set")
    assert read_pure(one) == read_pure(other)
    assert read_all(one) != read_all(other)


def _renew_digests(root: Path) -> None:
    folder = RunFolder(root)
    manifest = folder.read_manifest()
    for stage, entry in manifest.stages.items():
        entry.outputs = folder.digest_outputs(stage)
        entry.seconds += 7
        entry.counters.pop("segments_sent", None)
    folder.write_manifest(manifest)


@pytest.mark.slow
@pytest.mark.parametrize("had_one", [False, True], ids=["new", "replaced"])
def test_cut_at_any_moment_a_build_goes_on_to_the_same_bytes(tmp_path: Path, write: Write, had_one: bool) -> None:
    runs = [build_language(tmp_path / code, code, train=4) for code in ("gl", "fa")]
    options = DatasetOptions(shard_rows=3)
    whole = read_all(write(*runs, out="whole/set", shard_rows=3))
    for signs in count(1):
        out = tmp_path / str(signs) / "set"
        if had_one:
            write_dataset(runs[:1], out, options=DatasetOptions(), progress=SilentProgress())
        before = read_all(out)
        try:
            write_dataset(runs, out, options=options, progress=_Countdown(signs, _interrupt))
            break
        except Interrupted:
            assert read_all(out) == before, "the old data set stays until the new one is whole"
        write_dataset(runs, out, options=options, progress=SilentProgress())
        assert read_all(out) == whole
        assert [path.name for path in out.parent.iterdir()] == ["set"]
    assert signs > 20


def test_a_killed_process_leaves_what_the_next_goes_on_with(tmp_path: Path, write: Write) -> None:
    runs = [build_language(tmp_path / code, code) for code in ("gl", "fa")]
    program = (
        "import os, signal\nfrom pathlib import Path\nfrom test_writing import _Countdown\n"
        "from made_language import RunRecord, find_language\n"
        "from taco.publish.dataset.options import DatasetOptions\nfrom taco.publish.dataset.write import write_dataset\n"
        f"runs = [RunRecord.from_folder(Path({str(tmp_path)!r}) / c, language=find_language(c)) for c in ('gl', 'fa')]\n"
        "kill = lambda: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"write_dataset(runs, Path({str(tmp_path / 'set')!r}), options=DatasetOptions(), progress=_Countdown(19, kill))"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    killed = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "set").exists()
    finished = tmp_path / "set.taco-partial" / "run" / "gl.json"
    written = finished.stat().st_mtime_ns
    heard = Said()
    write_dataset(runs, tmp_path / "set", options=DatasetOptions(), progress=heard)
    assert heard.lines == ["Galician: written before"]
    assert (tmp_path / "set" / "run" / "gl.json").stat().st_mtime_ns == written
    assert read_all(tmp_path / "set") == read_all(write(*runs, out="other/set"))


def test_an_unchanged_data_set_is_not_touched(tmp_path: Path) -> None:
    runs = [build_language(tmp_path / code, code) for code in ("gl", "fa")]
    assert write_dataset(runs, tmp_path / "set", options=DatasetOptions(), progress=SilentProgress())
    before = {path: path.stat() for path in (tmp_path / "set").rglob("*")}
    assert not write_dataset(runs, tmp_path / "set", options=DatasetOptions(), progress=SilentProgress())
    assert {path: path.stat()[:9] for path in (tmp_path / "set").rglob("*")} == {p: s[:9] for p, s in before.items()}


def test_only_what_changed_is_written_again(tmp_path: Path, write: Write) -> None:
    runs = [build_language(tmp_path / code, code) for code in ("gl", "fa")]
    folder = write(*runs)
    shard = folder / "data" / "gl" / "train-00000-of-00001.parquet"
    inode = shard.stat().st_ino
    build_language(tmp_path / "fa", "fa", train=9)
    heard = Said()
    assert write_dataset(runs, folder, options=DatasetOptions(), progress=heard)
    assert heard.lines == ["Galician: up to date"]
    assert shard.stat().st_ino == inode
    assert list_shards(folder / "data" / "fa") == {"test-00000-of-00001.parquet": 2, "train-00000-of-00001.parquet": 9}
    assert read_all(folder) == read_all(write(*runs, out="other/set"))


def test_a_damaged_shard_is_written_again(tmp_path: Path, write: Write) -> None:
    run = build_language(tmp_path / "gl")
    folder = write(run)
    before = read_all(folder)
    shard = folder / "data" / "gl" / "train-00000-of-00001.parquet"
    shard.write_bytes(shard.read_bytes()[:-1])
    write(run)
    assert read_all(folder) == before


def test_a_language_that_is_left_out_goes(tmp_path: Path, write: Write) -> None:
    runs = [build_language(tmp_path / code, code) for code in ("gl", "fa")]
    write(*runs)
    assert not [name for name in read_all(write(runs[0])) if "fa" in Path(name).name.split(".") or "/fa" in name]


@pytest.mark.parametrize(
    ("rows", "limit", "sizes"), [(7, 7, [7]), (7, 3, [3, 3, 1]), (6, 3, [3, 3]), (1, 1, [1]), (7, 100, [7])]
)
def test_shards_have_as_many_rows_as_asked_for(
    tmp_path: Path, write: Write, rows: int, limit: int, sizes: list[int]
) -> None:
    folder = write(build_language(tmp_path / "gl", train=rows), shard_rows=limit)
    names = [f"train-{n:05}-of-{len(sizes):05}.parquet" for n in range(len(sizes))]
    for place in ("data/gl", "data/gl-parallel", "run/gl-run"):
        found = {name: size for name, size in list_shards(folder / place).items() if name.startswith("train")}
        assert found == dict(zip(names, sizes, strict=True))
    stored = chain.from_iterable(
        parquet.read_table(folder / "data" / "gl-parallel" / name)["instruction_en"].to_pylist() for name in names
    )
    assert list(stored) == [f"Say {n}." for n in range(rows)]


def test_a_shard_ends_at_its_size_and_row_groups_are_bounded(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_ROWS", 10)
    letters = random.Random(7)  # what does not repeat does not get smaller
    texts = [
        MadeText(
            instruction_en=f"{number}",
            response_en="x",
            instruction="y",
            response="".join(chr(0x4E00 + letters.randrange(20_000)) for _ in range(40_000)),
        )
        for number in range(45)
    ]
    folder = write(build_language(tmp_path / "gl", train=texts), shard_megabytes=1)
    sizes = [path.stat().st_size for path in sorted((folder / "data" / "gl-parallel").glob("train-*"))]
    assert len(sizes) > 1
    assert all(1_000_000 <= size < 3_000_000 for size in sizes[:-1])
    groups = parquet.ParquetFile(next((folder / "data" / "gl-parallel").glob("train-00000*"))).metadata
    assert all(groups.row_group(n).num_rows <= 10 for n in range(groups.num_row_groups))


def test_long_rows_make_small_row_groups(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "ROW_GROUP_CHARACTERS", 5_000)
    run = build_language(tmp_path / "gl", train=make_texts(20, language=GALICIAN, filler="z" * 1_000))
    path = write(run) / "data" / "gl-parallel" / "train-00000-of-00001.parquet"
    metadata = parquet.read_metadata(path)
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [2] * 10


def test_the_writer_leaves_nothing_to_chance(tmp_path: Path, write: Write) -> None:
    metadata = parquet.read_metadata(
        write(build_language(tmp_path / "gl")) / "data" / "gl-parallel" / "train-00000-of-00001.parquet"
    )
    column = metadata.row_group(0).column(0)
    assert (column.compression, metadata.format_version, metadata.metadata) == ("ZSTD", "2.6", None)


def test_the_sums_are_right_and_leave_the_run_out(tmp_path: Path, write: Write) -> None:
    folder = write(build_language(tmp_path / "gl"))
    checked = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    names = {line.partition(":")[0] for line in checked.stdout.splitlines()}
    assert names == read_pure(folder).keys() - {"SHA256SUMS"}


class TestRefused:
    def test_no_run(self, write: Write) -> None:
        with pytest.raises(PublishError, match="at least one finished run"):
            write()

    def test_a_language_twice(self, tmp_path: Path, write: Write) -> None:
        with pytest.raises(PublishError, match="same language: gl"):
            write(build_language(tmp_path / "a"), build_language(tmp_path / "b"))

    def test_unfinished_languages_are_all_named(self, tmp_path: Path, write: Write) -> None:
        done, cut, empty = (build_language(tmp_path / code, code) for code in ("gl", "fa", "ne"))
        rewrite_manifest(tmp_path / "fa", {"status": "running"})
        rewrite_manifest(tmp_path / "ne", {"rows_kept": 0})
        never = RunRecord.from_folder(tmp_path / "nowhere", language=find_language("eo"))
        with pytest.raises(PublishError) as caught:
            write(done, cut, empty, never)
        assert "Persian" in caught.value.message
        assert "the stage chain was interrupted" in caught.value.message
        assert "Nepali" in caught.value.message
        assert "the stage chain kept no row" in caught.value.message
        assert f"Esperanto ({tmp_path / 'nowhere'}): the stage source was never run" in caught.value.message
        assert "Galician" not in caught.value.message
        assert "--until chain" in caught.value.hint
        assert not (tmp_path / "set").exists()

    @pytest.mark.parametrize("name", ["chain/heldout.jsonl", "translate/train.jsonl", "source/train.jsonl"])
    def test_files_that_the_run_did_not_write(self, tmp_path: Path, write: Write, name: str) -> None:
        run = build_language(tmp_path / "gl")
        with (tmp_path / "gl" / name).open("a") as opened:
            opened.write("\n")
        with pytest.raises(PublishError, match=f"{name} is not the one that the run wrote"):
            write(run)
        (tmp_path / "gl" / name).unlink()
        with pytest.raises(PublishError, match=f"{name} is missing"):
            write(run)

    def test_files_that_do_not_belong_together(self, tmp_path: Path, write: Write) -> None:
        run, other = build_language(tmp_path / "gl"), build_language(tmp_path / "b", train=8)
        shutil.copy(other.translate / "heldout.jsonl", run.translate / "train.jsonl")
        _renew_digests(tmp_path / "gl")
        with pytest.raises(DataError, match="does not hold the row"):
            write(run)

    def test_rows_that_the_manifest_does_not_know(self, tmp_path: Path, write: Write) -> None:
        run = build_language(tmp_path / "gl")
        rewrite_manifest(tmp_path / "gl", {"rows_kept": 8})
        with pytest.raises(PublishError, match="holds 9 rows; the manifest says 8"):
            write(run)

    def test_a_folder_with_other_files(self, tmp_path: Path, write: Write) -> None:
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "thesis.tex").write_text("years of work")
        with pytest.raises(PublishError, match=r"not of a data set of taco: thesis\.tex"):
            write(build_language(tmp_path / "gl"))
        assert (tmp_path / "set" / "thesis.tex").read_text() == "years of work"

    def test_a_file_among_the_shards(self, tmp_path: Path, write: Write) -> None:
        run = build_language(tmp_path / "gl")
        (write(run) / "data" / "gl" / "notes.txt").write_text("mine")
        with pytest.raises(PublishError, match=r"data/gl/notes\.txt"):
            write(run)

    def test_a_card_that_somebody_worked_on(self, tmp_path: Path, write: Write) -> None:
        run = build_language(tmp_path / "gl")
        card = write(run) / "README.md"
        card.write_text(card.read_text() + "\nChecked by a speaker.\n")
        with pytest.raises(PublishError, match=r"README\.md was changed"):
            write(run)

    def test_a_file_in_the_way(self, tmp_path: Path, write: Write) -> None:
        (tmp_path / "set").write_text("")
        with pytest.raises(PublishError, match="is a file"):
            write(build_language(tmp_path / "gl"))

    def test_the_root_of_all_folders(self, tmp_path: Path) -> None:
        run = build_language(tmp_path / "gl")
        with pytest.raises(PublishError, match="cannot be the folder"):
            write_dataset([run], Path("/"), options=DatasetOptions(), progress=SilentProgress())

    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        run = build_language(tmp_path / "gl")
        with pytest.raises(StoreError):
            write_dataset([run], Path("/proc/nowhere/set"), options=DatasetOptions(), progress=SilentProgress())

    def test_two_writers_at_once(self, tmp_path: Path) -> None:
        run = build_language(tmp_path / "gl")
        refused: list[PublishError] = []

        def write_too() -> None:
            with pytest.raises(PublishError, match="Another process is writing") as caught:
                write_dataset([run], tmp_path / "set", options=DatasetOptions(), progress=SilentProgress())
            refused.append(caught.value)

        write_dataset([run], tmp_path / "set", options=DatasetOptions(), progress=_Countdown(2, write_too))
        assert refused
        assert not (tmp_path / "set.taco-lock").exists()

    @pytest.mark.parametrize("module", ["pyarrow", "yaml"])
    def test_a_missing_library(
        self, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch, module: str
    ) -> None:
        run = build_language(tmp_path / "gl")
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == module else object())
        with pytest.raises(PublishError) as caught:
            write(run)
        assert "Install taco-llm[dataset]" in caught.value.hint


def test_hidden_files_of_a_clone_are_left_alone(tmp_path: Path, write: Write) -> None:
    (tmp_path / "set" / ".git").mkdir(parents=True)
    (tmp_path / "set" / ".git" / "HEAD").write_text("ref")
    (tmp_path / "set" / ".gitattributes").write_text("*.parquet filter=lfs")
    run = build_language(tmp_path / "gl")
    folder = write(run)
    build_language(tmp_path / "gl", train=8)
    write(run)
    assert (folder / ".git" / "HEAD").read_text() == "ref"
    assert (folder / ".gitattributes").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("set")] == ["set"]


@pytest.mark.parametrize("moment", ["before the swap", "in the swap", "after the swap"])
def test_a_kill_around_the_swap_is_set_right(tmp_path: Path, write: Write, moment: str) -> None:
    run = build_language(tmp_path / "gl")
    folder = write(run)
    (folder / ".git").mkdir()
    partial, old = tmp_path / "set.taco-partial", tmp_path / "set.taco-old"
    if moment == "in the swap":
        shutil.copytree(folder, partial)
        folder.rename(old)
        (old / ".git").rmdir()
    elif moment == "after the swap":
        shutil.copytree(folder, old)
    write(run)
    assert (folder / ".git").is_dir()
    assert (folder / "README.md").is_file()
    assert not partial.exists()
    assert not old.exists()


MEASURE = r"""
import re, sys
from pathlib import Path
from made_language import build_language, find_language, make_texts
from taco.progress import SilentProgress
from taco.publish.dataset.options import DatasetOptions
from taco.publish.dataset.run_record import RunRecord
from taco.publish.dataset.write import write_dataset

root, code = Path(sys.argv[1]), "gl"
run = RunRecord.from_folder(root / code, language=find_language(code))
write_dataset([run], root / "set", options=DatasetOptions(), progress=SilentProgress())
print(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from /proc")
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    peaks_mib = []
    for rows in (10_000, 100_000):
        root = tmp_path / str(rows)
        build_language(root / "gl", train=make_texts(rows, language=GALICIAN, filler=" and so on" * 20), gate=True)
        command = [sys.executable, "-c", MEASURE, str(root)]
        measured = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True
        )
        peaks_mib.append(int(measured.stdout) / 1024)
    print(f"peak RSS in MiB, 10,000 and 100,000 rows: {peaks_mib}")
    assert peaks_mib[1] - peaks_mib[0] < 60
