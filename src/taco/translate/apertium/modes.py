"""Apertium's modes: which directions are installed, what each runs, and the way from one language to another.

A mode file is one shell command line: programs with their arguments, joined by pipes. It is read, never given to a shell.
`$1` stands for the generator's option (-g: mark unknown words), `$2` for the tagger's (none).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from taco.languages.table import Language, all_languages
from taco.translate.apertium.tagger import is_hidden_markov

NULL_FLUSH = frozenset(
    [
        "lt-proc",
        "lrx-proc",
        "lsx-proc",
        "cg-proc",
        "rtx-proc",
        "hfst-proc",
        "lt-tmxproc",
        "apertium-tagger",
        "apertium-pretransfer",
        "apertium-posttransfer",
        "apertium-transfer",
        "apertium-interchunk",
        "apertium-postchunk",
        "apertium-anaphora",
        "apertium-extract-caps",
        "apertium-restore-caps",
    ]
)
"""Programs that take -z and then answer after each null character; a mode with another one cannot be kept running."""

_NAME = re.compile(r"(?P<source>[a-z]{2,3})-(?P<target>[a-z]{2,3})")

_ENGINE_CODES = {"zsm": "zlm", "hrv": "hbs_HR", "bos": "hbs_BS"}
"""ISO 639-3 -> Apertium's own code, where it has one. Its Serbian is in Latin script, so it does not count as Serbian."""

_VARIANTS = re.compile(r"(?P<source>[a-z]{2,3})-(?P<target>hbs_(?:HR|BS|SR))")


@dataclass(frozen=True, slots=True)
class Mode:
    """One direction that is installed.

    Attributes:
        name: As Apertium calls it: "en-gl".
        source, target: The languages, by `normalise_code`.
        path: The mode file.
    """

    name: str
    source: str
    target: str
    path: Path


def find_folder(chosen: Path | None) -> Path:
    """Return the folder of mode files: the chosen one, $APERTIUM_DATADIR's, or the first usual one that exists."""
    if chosen is not None:
        return chosen
    if named := os.environ.get("APERTIUM_DATADIR"):
        return Path(named) / "modes"
    usual = [Path(base) / "share/apertium/modes" for base in ("/usr", "/usr/local")]
    return next((folder for folder in usual if folder.is_dir()), usual[0])


def normalise_code(code: str) -> str:
    """Fold Apertium's codes of two and three letters into one.

    >>> normalise_code("en"), normalise_code("eng"), normalise_code("hbs_HR")
    ('eng', 'eng', 'hbs_HR')
    """
    code = _three_letters().get(code, code)
    return _ENGINE_CODES.get(code, code)


@cache
def _three_letters() -> dict[str, str]:
    return {language.iso639_1: language.iso639_3 for language in all_languages() if language.iso639_1}


def find_code(language: Language) -> str:
    """Return Apertium's code for a language."""
    return normalise_code(language.iso639_3)


def list_modes(folder: Path) -> list[Mode]:
    """List the directions that can be kept running, by name.

    Variants ("eng-cat_valencia", "spa-ast-old") are left out, and so are modes with a program that is missing or does not
    take null characters; the norms of Serbo-Croatian, which have codes of their own, stay.
    """
    modes = []
    for path in sorted(folder.glob("*.mode")):
        name = _NAME.fullmatch(path.stem) or _VARIANTS.fullmatch(path.stem)
        if name and _can_run(path):
            modes.append(Mode(path.stem, normalise_code(name["source"]), normalise_code(name["target"]), path))
    return modes


def _can_run(path: Path) -> bool:
    try:
        commands = read_commands(path)
    except (OSError, ValueError):
        return False
    return (
        bool(commands)
        and all(Path(command[0]).name in NULL_FLUSH and find_program(command[0]) is not None for command in commands)
        and sum(map(is_hidden_markov, commands)) <= 1  # a hop can replace one tagger
    )


def find_program(name: str) -> str | None:
    """Return the path of one of Apertium's programs, looked for in $APERTIUM_PATH first, or None."""
    places = [place for place in (os.environ.get("APERTIUM_PATH"), os.environ.get("PATH", os.defpath)) if place]
    return shutil.which(name, path=os.pathsep.join(places))


def read_commands(path: Path) -> list[list[str]]:
    """Read a mode file: one argument list for each program, null flush switched on.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no list of programs and arguments.
    """
    lexer = shlex.shlex(path.read_text(encoding="utf-8"), posix=True, punctuation_chars="|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    commands: list[list[str]] = [[]]
    for word in lexer:
        if word == "|":
            commands.append([])
        elif word != "$2":
            commands[-1].append("-g" if word == "$1" else word)
    if not all(commands):
        raise ValueError(f"{path} holds an empty command")
    return [[name, "-z", *arguments] for name, *arguments in commands]


def find_path(modes: Iterable[Mode], *, source: str, target: str) -> list[Mode] | None:
    """Find the way from one language to another with the fewest translations, or None.

    Of several ways of the same length, the one whose modes come first by name.
    """
    leaving: dict[str, list[Mode]] = {}
    for mode in modes:
        leaving.setdefault(mode.source, []).append(mode)
    ways: dict[str, list[Mode]] = {source: []}
    queue = deque([source])
    while queue:
        language = queue.popleft()
        if language == target:
            return ways[language]
        for mode in leaving.get(language, []):
            if mode.target not in ways:
                ways[mode.target] = [*ways[language], mode]
                queue.append(mode.target)
    return None


def list_reachable(modes: Sequence[Mode], *, source: str) -> set[str]:
    """Return the codes of all languages that can be reached from a language."""
    reached = {source}
    grew = True
    while grew:
        new = {mode.target for mode in modes if mode.source in reached} - reached
        reached |= new
        grew = bool(new)
    return reached - {source}
