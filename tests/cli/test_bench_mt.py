"""`taco bench-mt`: tables on stdout, progress on stderr, faults on one screen."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from taco.cli.app import main

ROWS = [("The sky is blue.", "O ceo é azul."), ("Run `ls` now.", "Executa `ls` agora."), ("Two cats.", "Dous gatos.")]


def taco(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "taco.cli.app", "bench-mt", *arguments]
    env = {"PATH": "/usr/bin:/bin", "NO_COLOR": "1", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
    env |= {"TACO_CACHE": str(folder / "cache"), "PYTHONPATH": ":".join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env, encoding="utf-8", check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parallel.tsv").write_text("".join(f"{text_en}\t{text}\n" for text_en, text in ROWS))
    (tmp_path / "en.txt").write_text("".join(f"{text_en}\n" for text_en, _ in ROWS))
    (tmp_path / "gl.txt").write_text("".join(f"{text}\n" for _, text in ROWS))
    return tmp_path


def test_tables_go_to_stdout_and_progress_to_stderr(folder: Path) -> None:
    arguments = ["--language", "gl", "--engines", "echo,x=echo", "--option", "x.prefix=X", "--file", "parallel.tsv"]
    shown = taco(*arguments, folder=folder)
    assert shown.returncode == 0, shown.stderr
    assert "Galician (gl), from English: 3 texts" in shown.stdout
    for part in ("│ copy ", "│ echo ", "│ x ", "chrF2++|nrefs:1", "BLEU|", "TER|", "PCG64, seed 0", "sha256"):
        assert part in shown.stdout
    assert "echo en-gl: 3/3 texts" in shown.stderr
    assert "texts/s" not in shown.stderr
    out = folder / "bench-mt" / "parallel-from-en-gl"
    files = sorted(path.name for path in out.iterdir())
    assert files == ["calls.jsonl", "lock", "results.json", "scores-gl.svg", "segments.jsonl"]


def test_json_is_the_file_of_results(folder: Path) -> None:
    arguments = ["--language", "gl", "--engines", "echo", "--source", "gl.txt", "--reference", "en.txt"]
    shown = taco(*arguments, "--direction", "to", "--out", "there", "--json", "--quiet", folder=folder)
    assert (shown.returncode, shown.stderr) == (0, "")
    results = json.loads(shown.stdout)
    assert shown.stdout == (folder / "there" / "results.json").read_text()
    assert results["direction"] == "to"
    assert sorted(results["inputs"]) == ["en.txt", "gl.txt"]
    assert results["languages"][0]["engines"][0]["signature"].startswith("echo 1 gl-en")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--engines", "echo"], 2, "Missing option '--language'"),
        (["--language", "gl", "--engines", "echo"], 3, "Give one file with --file, or two with"),
        (["--language", "gl", "--engines", "echo", "--source", "en.txt"], 3, "Give one file with --file, or two"),
        (["--language", "galicain", "--engines", "echo", "--file", "parallel.tsv"], 3, "did you mean Galician"),
        (["--language", "gl", "--engines", "ecko", "--file", "parallel.tsv"], 3, "did you mean 'echo'"),
        (["--language", ",", "--engines", "echo", "--file", "parallel.tsv"], 3, "--language names nothing"),
        (["--language", "en", "--engines", "echo", "--file", "parallel.tsv"], 3, "English is the other side"),
        (["--language", "gl", "--engines", "echo", "--file", "parallel.tsv", "--source-field", "en"], 3, "go together"),
        (["--language", "gl", "--engines", "echo", "--file", "parallel.tsv", "--direction", "up"], 3, "'from' or 'to'"),
        (["--language", "gl", "--engines", "echo", "--file", "no.tsv"], 4, "no.tsv cannot be read"),
        (["--language", "gl,eo", "--engines", "echo", "--file", "parallel.tsv"], 4, "2 languages were asked for"),
        (["--language", "gl", "--engines", "echo", "--file", "parallel.tsv", "--out", "/proc/no"], 9, "Cannot make"),
    ],
)
def test_faults_fit_one_screen(
    folder: Path,
    arguments: list[str],
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TACO_CACHE", str(folder / "cache"))
    monkeypatch.setattr(sys, "argv", ["taco", "bench-mt", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr()
    assert ended.value.code == code, shown.err
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""
