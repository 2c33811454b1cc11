"""`taco chat` and `taco serve` as commands."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from served_runs import make_run, open_echo

from taco.errors import EngineError
from taco.generate.ended_session import EndedSession
from taco.generate.relay import Relay
from taco.serve.served import read_served
from taco.serve.terminal import Terminal
from taco.translate.texts import TextTranslation


def taco(*arguments: str, asked: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "taco.cli.app", *arguments]
    return subprocess.run(
        command,
        input=asked,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"} | env,
        check=False,
        timeout=100,
    )


def test_questions_are_answered_corrected_and_asked_again(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo", "gl")
    lines = ("/up", "Ola\x1b[2J mundo", "/correct Boas, mundo", "/down", "/chain", "/retry", "/nonsense", "/quit")
    shown = taco("chat", str(run), asked="\n".join(lines) + "\n")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines()[0] == "Ola\ufffd[2J mundo"
    assert "[Question in English]\nOla\ufffd[2J mundo\n[Answer in English]" in shown.stdout
    assert "There is no answer yet." in shown.stderr
    row = json.loads((run / "feedback" / "rows.jsonl").read_text(encoding="utf-8"))
    assert row["taco"]["correction"] == "Boas, mundo"
    assert json.loads((run / "feedback" / "ratings.jsonl").read_text(encoding="utf-8"))["taco"]["rating"] == "down"


def test_what_cannot_be_served_is_said_in_one_line(tmp_path: Path) -> None:
    for command in ("serve", "chat"):
        shown = taco(command, str(tmp_path))
        assert (shown.returncode, shown.stdout) == (4, "")
        assert "holds no run" in shown.stderr


@pytest.mark.slow
def test_a_server_stops_when_it_is_told_to(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo", "gl")
    command = [sys.executable, "-m", "taco.cli.app", "serve", str(run), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        assert any("Serving at http://127.0.0.1:" in line for line in server.stderr)
        server.send_signal(signal.SIGTERM)
        out, err = server.communicate(timeout=60)
    assert (server.returncode, out) == (0, "")
    assert "Stopped." in err
    assert "Traceback" not in err


def test_steps_by_an_engine(tmp_path: Path) -> None:
    relay = {"question_engine": "echo", "question_options": {"prefix": "en"}, "answer_engine": "echo"}
    run = make_run(tmp_path / "demo", "gl", relay={**relay, "answer_options": {"prefix": "gl"}})
    cache = {"TACO_CACHE": str(tmp_path / "cache")}
    shown = taco("chat", str(run), "--mode", "engine-both", "--chain", asked="Ola mundo\n", **cache)
    assert shown.returncode == 0, shown.stderr
    expected = "[Question in English]\nenOla enmundo\n[Answer in English]\nOla mundo\n[Answer]\nglOla glmundo\n"
    assert shown.stdout == expected
    assert "not complete" not in shown.stderr
    shown = taco("chat", str(run), "--mode", "engine-bot")
    assert (shown.returncode, "engine-both" in shown.stderr) == (3, True)


def test_a_retry_that_fails_leaves_the_conversation_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def put_into_english(texts: Sequence[str]) -> dict[str, TextTranslation]:
        asked.extend(texts)
        if len(asked) == 2:
            raise EngineError("It is away.")
        return {text: TextTranslation(text=f"en{text}", engine="some 1") for text in texts}

    monkeypatch.setattr("sys.stdin", io.StringIO("Ola\n/retry\n/up\n/retry\n"))
    relay = Relay(mode="engine-question", to_english=put_into_english, to_target=put_into_english)
    run, feedback = read_served(make_run(tmp_path / "demo", "gl")), tmp_path / "feedback"
    session = EndedSession(open_echo())
    Terminal(run, session, max_tokens=99, folder=feedback, shows_chain=False, relay=relay).talk()
    shown = capsys.readouterr()
    assert shown.out.splitlines() == ["Ola", "Ola"]
    assert "It is away." in shown.err
    assert asked == ["Ola"] * 3
    row = json.loads((feedback / "rows.jsonl").read_text(encoding="utf-8"))
    assert (row["taco"]["rating"], row["messages"][0]["content"]) == ("up", "enOla")
