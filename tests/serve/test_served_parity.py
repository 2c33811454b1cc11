"""The served endpoint against transformers on a tiny model: the same token ids, the same text."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from taco.cli.parity import check_served
from taco.errors import PublishError
from taco.export.served import measure_served
from taco.export.tuned_run import TunedRun
from taco.progress import SilentProgress
from taco.serve import desk
from taco.serve.loopback import serve_loopback
from tuned_runs import build_tuned_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tuned_run(tmp_path_factory.mktemp("served") / "made", tiny_base)


def test_the_server_asks_and_answers_as_transformers_does(run: Path, tmp_path: Path) -> None:
    parity = measure_served(
        TunedRun.from_folder(run),
        start=lambda session: serve_loopback(run, session),
        prompts=4,
        cache=tmp_path,
        progress=SilentProgress(),
    )
    assert (parity.prompts, parity.same_ids, parity.same_text, parity.agreement) == (4, 4, 4, 1.0)
    assert (parity.form, parity.engine) == ("served", "taco serve")


def test_another_system_message_is_an_error(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "build_system", lambda *_: "Be brief.")
    with pytest.raises(PublishError, match="4 of 4 prompts have other token ids in taco serve"):
        check_served(run, prompts=4, cache=tmp_path, progress=SilentProgress())
