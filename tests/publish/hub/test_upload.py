"""Uploading against a loopback hub: what is sent, what is not, and what is said when it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback_hub import TOKEN, LoopbackHub

from taco.errors import PublishError
from taco.progress import SilentProgress
from taco.publish.dataset.entry import LanguageEntry, write_entry
from taco.publish.hub.parcel import EXPORT_SEAL, Parcel, open_parcel
from taco.publish.hub.upload import check_repo, upload
from taco.store.files import digest_file

pytest.importorskip("huggingface_hub", reason="needs the extra [publish]")

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
"""huggingface_hub 2.4 gives httpx2 the bytes of a file in a way that httpx2 is about to drop."""

CARD = '---\nlicense: "other"\n---\n# A model\n\n- Warning: none\n\n## Licence\n\n- Warning: Mind the \\"a\\_b\\" licence.\n'
FILES = {"README.md": CARD.encode(), "model.gguf": bytes(range(256)) * 64, "LICENSE.md": b"# Licence\n"}


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with LoopbackHub() as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    out.mkdir()
    for name, content in FILES.items():
        (out / name).write_bytes(content)
    seal = {"form": "gguf", "key": "k", "files": {name: digest_file(out / name) for name in FILES}}
    (out / EXPORT_SEAL).write_text(json.dumps(seal))
    return out


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the tests away from the login of whoever runs them."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", str(tmp_path / "tokens"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def send(parcel: Parcel, hub: LoopbackHub, *, public: bool = False) -> str:
    return upload(parcel, "org/name", public=public, progress=SilentProgress(), endpoint=hub.url)


def test_the_files_arrive_in_one_commit_and_nothing_else_does(folder: Path, hub: LoopbackHub) -> None:
    (folder / "private-notes.txt").write_text("mine")
    address = send(open_parcel(folder), hub)
    assert address == f"{hub.url}/org/name/commit/{'0' * 40}"
    assert hub.files["org/name"] == {**FILES, EXPORT_SEAL: (folder / EXPORT_SEAL).read_bytes()}
    assert hub.repos == {"org/name": True}
    assert sum("/commit/" in request for request in hub.requests) == 1


def test_public_only_where_asked_for(folder: Path, hub: LoopbackHub) -> None:
    send(open_parcel(folder), hub, public=True)
    assert hub.repos == {"org/name": False}


def test_a_stopped_upload_does_not_send_large_files_again(folder: Path, hub: LoopbackHub) -> None:
    hub.refuses["/commit/main"] = 403
    with pytest.raises(PublishError, match="status 403") as caught:
        send(open_parcel(folder), hub)
    assert "may not write" in caught.value.hint
    assert TOKEN not in str(caught.value)
    hub.refuses.clear()
    before = len(hub.requests)
    send(open_parcel(folder), hub)
    assert not [request for request in hub.requests[before:] if request.startswith("PUT")]
    assert hub.files["org/name"]["model.gguf"] == FILES["model.gguf"]


def test_without_a_token_nothing_is_sent(folder: Path, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(PublishError, match="no token"):
        send(open_parcel(folder), hub)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(PublishError, match="status 401") as caught:
        send(open_parcel(folder), hub)
    assert "hf_wrong" not in str(caught.value)
    assert hub.files == {}


def test_a_hub_out_of_reach_is_explained(folder: Path) -> None:
    with LoopbackHub() as gone:
        pass
    with pytest.raises(PublishError, match="failed") as caught:
        send(open_parcel(folder), gone)
    assert caught.value.exit_code == 8


def test_a_parcel_is_what_was_sealed(folder: Path, tmp_path: Path) -> None:
    parcel = open_parcel(folder)
    assert (parcel.kind, parcel.licence, parcel.warnings) == ("model", "other", ("""Mind the "a_b" licence.""",))
    assert next(iter(parcel.files)) == "README.md"
    assert not parcel.edited
    (folder / "README.md").write_text(CARD + "More.\n")
    assert open_parcel(folder).edited
    (folder / "model.gguf").write_bytes(b"other")
    with pytest.raises(PublishError, match=r"model\.gguf: was changed"):
        open_parcel(folder)
    (folder / "model.gguf").unlink()
    (tmp_path / "secret").write_bytes(FILES["model.gguf"])
    (folder / "model.gguf").symlink_to(tmp_path / "secret")
    with pytest.raises(PublishError, match="is a link"):
        open_parcel(folder)
    with pytest.raises(PublishError, match="neither"):
        open_parcel(tmp_path)


@pytest.mark.parametrize(
    "rubbish",
    [b"", b"[]", b'{"files": 7}', b"\xff", b'{"files": {"../../etc/passwd": "x"}}', b'{"files": {"/etc/passwd": "x"}}'],
)
def test_a_damaged_seal_is_refused(folder: Path, rubbish: bytes) -> None:
    (folder / EXPORT_SEAL).write_bytes(rubbish)
    with pytest.raises(PublishError):
        open_parcel(folder)


def test_of_a_data_set_what_it_holds_of_its_runs_comes_along_and_nothing_else(tmp_path: Path) -> None:
    files = {
        "README.md": CARD,
        "recipes/gl.toml": "",
        "data/gl/train-0.parquet": "x",
        "run/gl-run/train-0.parquet": "y",
    }
    for name, text in {**files, "run/eo.json": "{}", "run/notes.json": "mine"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    digests = {name: digest_file(tmp_path / name) for name in files}
    shards = {name: digest for name, digest in digests.items() if name.endswith(".parquet")}
    write_entry(tmp_path, LanguageEntry(language="gl", key="k", rows={}, engines=[], licences={}, files=shards))
    summed = [f"{digest}  {name}\n" for name, digest in digests.items() if not name.startswith("run/")]
    (tmp_path / "SHA256SUMS").write_text("".join(summed))
    assert set(open_parcel(tmp_path).files) == {*files, "SHA256SUMS", "run/gl.json"}
    entry = (tmp_path / "run" / "gl.json").read_bytes()
    for rubbish in (b"", b"{}", entry.replace(b'"gl"', b'"eo"')):
        (tmp_path / "run" / "gl.json").write_bytes(rubbish)
        with pytest.raises(PublishError, match=r"gl\.json is missing or damaged"):
            open_parcel(tmp_path)
    (tmp_path / "run" / "gl.json").write_bytes(entry)
    (tmp_path / "run" / "gl-run" / "train-0.parquet").write_text("z")
    with pytest.raises(PublishError, match=r"run/gl-run/train-0\.parquet: was changed"):
        open_parcel(tmp_path)
    (tmp_path / "run" / "gl-run" / "train-0.parquet").write_text("y")
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PublishError, match=r"run/gl\.json: is a link"):
        open_parcel(tmp_path)


def test_a_seal_that_is_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / EXPORT_SEAL).rename(tmp_path / "seal")
    (folder / EXPORT_SEAL).symlink_to(tmp_path / "seal")
    with pytest.raises(PublishError, match="is a link"):
        open_parcel(folder)


def test_a_token_of_any_form_is_in_no_message(folder: Path, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "made-up-secret")
    hub.refuses["/create"] = 403
    with pytest.raises(PublishError) as caught:
        send(open_parcel(folder), hub)
    assert "made-up-secret" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["name", "a/b/c", "../x", "a/b--c", "a b/c", "/x", "org/", "org/..", "-o/x", "o/x.", "o/é", "o/x.git"]
)
def test_wrong_names_are_refused(name: str) -> None:
    with pytest.raises(PublishError, match="no name of a repository"):
        check_repo(name)


def taco(*arguments: str, hub: LoopbackHub, folder: Path) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": paths, "HF_HOME": str(folder / "hf"), "HF_ENDPOINT": hub.url}
    env |= {"HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "TACO_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "taco.cli.app", "publish", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=env, encoding="utf-8", check=False)


def test_the_command_is_a_dry_run_until_yes(folder: Path, hub: LoopbackHub, tmp_path: Path) -> None:
    shown = taco(str(folder), "--repo", "org/name", hub=hub, folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert hub.requests == []
    for text in ("Nothing was sent", 'Warning: Mind the "a_b" licence.', "model.gguf", "16,384", "# A model", "--yes"):
        assert text in shown.stdout
    sent = taco(str(folder), "--repo", "org/name", "--yes", hub=hub, folder=tmp_path)
    assert sent.returncode == 0, sent.stderr
    assert sent.stdout == f"{hub.url}/org/name/commit/{'0' * 40}\n"
    assert hub.files["org/name"]["README.md"] == CARD.encode()
    assert TOKEN not in shown.stdout + shown.stderr + sent.stdout + sent.stderr
