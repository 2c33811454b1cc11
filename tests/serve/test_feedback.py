"""Feedback is on the disk before the reader is thanked, and is read by `[source]`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from served_runs import Running, make_run, start_server

from taco.errors import DataError
from taco.progress import SilentProgress
from taco.records import Chain, Example, Row
from taco.serve.feedback import FeedbackLog
from taco.serve.learning import write_examples
from taco.serve.options import ServeOptions
from taco.serve.protocol import FeedbackRequest
from taco.serve.served import read_served
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.store.jsonl import read_records
from taco.train.rows import Origin, read_origin

LIKED = {
    "model": "demo-gl",
    "question": "De que cor é o ceo?",
    "answer": "Azul.",
    "instruction_en": "What colour is the sky?",
    "response_en": "The sky is blue.",
    "rating": "up",
}


def post(running: Running, value: dict[str, Any]) -> httpx2.Response:
    return running.http.post("/taco/feedback", json=value)


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_liked_and_corrected_answers_are_rows_and_the_rest_ratings(runs: list[Path], tmp_path: Path) -> None:
    with start_server(runs, ServeOptions(port=0), feedback=tmp_path / "feedback") as running:
        kept = [
            post(running, LIKED),
            post(running, LIKED | {"rating": "down"}),
            post(running, LIKED | {"rating": "down", "correction": "O ceo é azul."}),
            post(running, LIKED | {"rating": None, "correction_en": "It is grey."}),
            post(running, LIKED | {"response_en": ""}),
            post(running, LIKED | {"earlier_turns": 2}),
            post(running, LIKED | {"answer": " "}),
        ]
        assert post(running, LIKED | {"rating": None}).status_code == 400
        assert post(running, LIKED | {"model": "nobody"}).status_code == 404
    assert [reply.status_code for reply in kept] == [201] * 7
    rows, ratings = (
        read_lines(tmp_path / "feedback" / "rows.jsonl"),
        read_lines(tmp_path / "feedback" / "ratings.jsonl"),
    )
    assert [row["messages"][1]["content"] for row in rows] == ["The sky is blue.", "The sky is blue.", "It is grey."]
    assert rows[1]["taco"]["correction"] == "O ceo é azul."
    assert [rating["taco"]["rating"] for rating in ratings] == ["down", "up", "up", "up"]
    assert {row["taco"]["language"] for row in rows} == {"gl"}


def test_rows_are_read_as_training_rows(runs: list[Path], tmp_path: Path) -> None:
    log = FeedbackLog(tmp_path, most_bytes=10**6)
    for number in range(3):
        feedback = FeedbackRequest.model_validate(LIKED | {"instruction_en": f"What colour is sky {number}?"})
        log.append(feedback, read_served(runs[0]))
    log.close()
    options = SourceOptions(path=str(tmp_path / "rows.jsonl"), heldout=1)
    count = run_source(options, folder=tmp_path, out=tmp_path / "out", seed=1, progress=SilentProgress())
    assert (count.rows_in, count.rows_kept) == (3, 3)
    rows = [row for name in ("train", "heldout") for row in read_records(tmp_path / "out" / f"{name}.jsonl", Row)]
    assert sorted(row.instruction for row in rows) == [f"What colour is sky {number}?" for number in range(3)]
    assert {row.response for row in rows} == {"The sky is blue."}


def test_corrections_are_examples_that_a_training_reads(runs: list[Path], tmp_path: Path) -> None:
    run, other = read_served(runs[0]), read_served(runs[1])
    log = FeedbackLog(tmp_path, most_bytes=10**6)
    for said, of in (
        ({}, run),
        ({"correction": "O ceo é azul.", "correction_en": "The sky is blue. Often."}, run),
        ({"question": "E o mar?", "answer": "Tamén."}, run),
        ({}, other),
    ):
        log.append(FeedbackRequest.model_validate(LIKED | said), of)
    log.close()
    count = write_examples(run, tmp_path)
    assert (count.rows_in, count.rows_kept, dict(count.dropped)) == (4, 2, {"said-again": 1, "other-run": 1})
    assert count.is_balanced()
    sea, sky = sorted(
        (example for example in read_origin(Origin(str(tmp_path)), chain=tmp_path) if isinstance(example, Example)),
        key=lambda example: example.prompt != "E o mar?",
    )
    assert (sea.prompt, sea.chain.response) == ("E o mar?", "Tamén.")
    chain = Chain(
        instruction_en="What colour is the sky?", response_en="The sky is blue. Often.", response="O ceo é azul."
    )
    assert (sky.chain, sky.language, sky.system) == (chain, "gl", run.template.system(run.language))
    assert run.template.split(sky.completion, run.language) == chain


def test_damaged_feedback_is_named_with_its_line(runs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no answer was liked"):
        write_examples(read_served(runs[0]), tmp_path)
    (tmp_path / "rows.jsonl").write_text('{"taco": 1}\n')
    with pytest.raises(DataError, match=r"rows\.jsonl:1 is no feedback record"):
        write_examples(read_served(runs[0]), tmp_path)


def test_a_line_that_a_kill_broke_off_spoils_no_other(runs: list[Path], tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'{"id": "a"}\n{"id": "b", "mess')
    log = FeedbackLog(tmp_path, most_bytes=10**6)
    log.append(FeedbackRequest.model_validate(LIKED), read_served(runs[0]))
    log.close()
    first, second = read_lines(tmp_path / "rows.jsonl")
    assert (first, "messages" in second) == ({"id": "a"}, True)


def test_a_full_file_says_so(runs: list[Path], tmp_path: Path) -> None:
    with start_server(runs, ServeOptions(port=0), feedback=tmp_path / "file") as running:
        (tmp_path / "file").write_text("no folder")
        assert post(running, LIKED).json()["error"]["code"] == "not_kept"


@pytest.mark.slow
def test_a_server_that_is_killed_has_every_feedback_that_it_thanked_for(tmp_path: Path) -> None:
    run = make_run(tmp_path / "demo-gl", "gl")
    command = [sys.executable, "-m", "taco.cli.app", "serve", str(run), "--port", "0"]
    env = os.environ | {"TACO_CACHE": str(tmp_path / "cache"), "TACO_API_KEY": ""}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as server:
        assert server.stderr is not None
        line = next(line for line in server.stderr if "Serving at" in line)
        url = line.split("Serving at ")[1].split("/ ")[0]
        thanked = []
        with httpx2.Client(timeout=20) as client:
            for number in range(20):
                thanked.append(client.post(f"{url}/taco/feedback", json=LIKED | {"answer": str(number)}).json()["id"])
        server.send_signal(signal.SIGKILL)
    assert [line["id"] for line in read_lines(run / "feedback" / "rows.jsonl")] == thanked
