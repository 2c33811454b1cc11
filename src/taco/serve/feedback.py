"""What readers say about answers, on the disk before the reader is told so.

Two files, JSON Lines, one record a line, and each record in one of them:

- rows.jsonl: first answers of a conversation that were liked or corrected, with both English sections: training rows. A line is a conversation in
  OpenAI's form, the question in English and the answer in English, so that `[source] path = ".../rows.jsonl"` reads it
  (format "messages"); the texts in the target language stand beside, under "taco".
- ratings.jsonl: everything else: answers that were disliked and not corrected, are empty, have no English sections, or answer
  a question that leans on earlier ones.
"""

from __future__ import annotations

import datetime
import json
import os
import secrets
import threading
from io import FileIO
from pathlib import Path
from typing import Any

from taco.errors import StoreError
from taco.serve.protocol import FeedbackRequest
from taco.serve.served import Served
from taco.store.files import disk_faults

ROWS, RATINGS = "rows.jsonl", "ratings.jsonl"


class FeedbackLog:
    """The two files of a folder.

    Args:
        folder: Made with the first record.
        most_bytes: Size of each file at most.
    """

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        self.folder, self._most_bytes = folder, most_bytes
        self._files: dict[str, FileIO] = {}
        self._lock = threading.Lock()

    def append(self, feedback: FeedbackRequest, run: Served) -> tuple[str, str]:
        """Write one record and wait until it is on the disk; return its id and the name of its file.

        Raises:
            StoreError: The disk refuses, or the file has its full size.
        """
        record = build_record(feedback, run)
        name = ROWS if "messages" in record else RATINGS
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        path = self.folder / name
        with self._lock, disk_faults(path):
            file = self._files.get(name) or self._open(name)
            size = file.seek(0, os.SEEK_END)
            if size + len(line) > self._most_bytes:
                raise StoreError(f"{path} is full: {size} bytes.", hint="Move the file away.")
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)  # half a line would spoil the next one
                raise
        return str(record["id"]), name

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _open(self, name: str) -> FileIO:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = (self.folder / name).open("ab+", buffering=0)
        self._files[name] = file
        _cut_torn_line(self.folder / name, file)
        return file


def build_record(feedback: FeedbackRequest, run: Served) -> dict[str, Any]:
    """Return what is written about one answer."""
    question_en, answer_en = feedback.instruction_en.strip(), (feedback.correction_en or feedback.response_en).strip()
    record: dict[str, Any] = {
        "id": secrets.token_hex(8),
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    is_liked = feedback.rating == "up" and feedback.answer.strip()
    is_wanted = is_liked or feedback.correction.strip() or feedback.correction_en.strip()
    if is_wanted and question_en and answer_en and not feedback.earlier_turns:
        record["messages"] = [
            {"role": "user", "content": question_en},
            {"role": "assistant", "content": answer_en},
        ]
    record["taco"] = {
        "run": run.name,
        "language": run.language.code,
        "template": run.template.name,
        **feedback.model_dump(exclude={"model"}),
    }
    return record


def _cut_torn_line(path: Path, file: FileIO) -> None:
    """Cut off the half line that a kill leaves behind; nobody was thanked for it."""
    size = file.seek(0, os.SEEK_END)
    if not size:
        return
    with path.open("rb") as opened:
        opened.seek(size - 1)
        if opened.read(1) == b"\n":
            return
    content = path.read_bytes()
    file.truncate(content.rfind(b"\n") + 1)
