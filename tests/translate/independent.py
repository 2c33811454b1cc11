"""A second opinion on structure: says what a translation changed, without a line of the code that it checks.

It is written from the promise alone (code, links, placeholders, numbers and layout come out as they went in) and with
other means: lines and characters are walked by hand, words are split at white space. Where the promise leaves room, it is
lenient on purpose: an ordinal may take its new ending, a pair of quotes may become another pair.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator

MARKS_OF_LISTS = ("-", "*", "+", "•", "◦", "–", "—")
CLOSING = ".,;:!?)]}>\"'”’»*_"
OPENING = "([{<\"'“‘«*_"


def find_damage(source: str, target: str) -> list[str]:
    """Return what is wrong with a translation, as messages; empty where all is well."""
    faults = []
    before, after = source.split("\n"), target.split("\n")
    if len(before) != len(after):
        return [f"lines: {len(before)} -> {len(after)}"]
    for number, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        for what, measure in PER_LINE.items():
            if measure(old) != measure(new):
                faults.append(f"{what} of line {number}: {old!r} -> {new!r}")
    for what, collect in WHOLE_TEXT.items():
        old_all, new_all = Counter(collect(source)), Counter(collect(target))
        if old_all != new_all:
            faults.append(f"{what}: lost {sorted(old_all - new_all)}, gained {sorted(new_all - old_all)}")
    return faults


def lead(line: str) -> str:
    """Return the white space before the text; a line of white space only counts as empty."""
    return line[: len(line) - len(line.lstrip())] if line.strip() else ""


def first_mark(line: str) -> str:
    """Return the list marker, number, quote or heading mark that a line begins with."""
    word = line.split(maxsplit=1)[0] if line.strip() else ""
    if word in MARKS_OF_LISTS or (word and set(word) <= {"#"}) or (word and set(word) <= {">"}):
        return word
    return word if re.fullmatch(r"\(?[0-9]{1,3}[.)]", word) else ""


def last_mark(line: str) -> str:
    """Return a colon or a question mark, or "." for any other stop, or "" if the line ends in neither."""
    end = line.rstrip().rstrip("*_\"'”’»)")[-1:]
    return end if end in (":", "?", "") else ""


def count_of(sign: str) -> Callable[[str], int]:
    """Return a function that counts a character."""
    return lambda line: line.count(sign)


def fenced(text: str) -> Iterator[str]:
    """Yield every line inside or on a code fence; a fence that is not closed runs to the end."""
    mark = ""
    for line in text.split("\n"):
        bare = line.strip().lstrip("> ")
        if mark:
            yield line
            if bare and set(bare) == {mark} and len(bare) >= 3:
                mark = ""
        elif bare.startswith(("```", "~~~")):
            yield line
            mark = bare[0]


def indented_code(text: str) -> Iterator[str]:
    """Yield lines that end as code does and hold what only code holds; verse and prose end in a semicolon or "):" too."""
    for line in text.split("\n"):
        bare = line.strip()
        is_statement = bare.endswith(";") and (" = " in bare or "->" in bare)
        is_block = bare in ("{", "}", "};", "});", "];", "/>") or bare.endswith(("){", ") {", "();", "());"))
        if is_statement or is_block or re.match(r"(?:def|class) \w+\(.*\):$", bare):
            yield line


def ticked(text: str) -> Iterator[str]:
    """Yield inline code: what stands between two single backticks of a line."""
    for line in text.split("\n"):
        if "```" not in line:
            parts = line.split("`")
            yield from parts[1 : len(parts) - (len(parts) + 1) % 2 : 2]


def tags(text: str) -> Iterator[str]:
    """Yield whatever looks like a tag, a numbered tag or a comment."""
    for piece in text.split("<")[1:]:
        inside, found, _ = piece.partition(">")
        name = inside.lstrip("/")
        if (
            found
            and name
            and (name[0].isascii() and (name[0].isalnum() or name.startswith("!--")))
            and "\n" not in inside
        ):
            yield f"<{inside}>"


def words(text: str) -> Iterator[str]:
    """Yield what stands between white space, without the punctuation around it."""
    for word in text.split():
        yield word.lstrip(OPENING).rstrip(CLOSING)


def links(text: str) -> Iterator[str]:
    """Yield URLs: from the scheme or "www." up to white space or a closing sign."""
    for start in re.finditer(r"(?:[A-Za-z]+://|www\.)", text):
        yield re.split(r"[\s)<>\"'`\]|*]", text[start.start() :], maxsplit=1)[0].rstrip(CLOSING)


def mails(text: str) -> Iterator[str]:
    """Yield e-mail addresses and handles."""
    for word in words(text):
        if re.search(r"[A-Za-z0-9]@[A-Za-z0-9]+\.", word) or re.fullmatch(r"@[A-Za-z0-9_]+", word):
            yield word


def hashtags(text: str) -> Iterator[str]:
    """Yield words that begin with a number sign and a letter."""
    for word in text.split():
        if len(word) > 1 and word[0] == "#" and word[1].isalpha():
            yield word.rstrip(CLOSING)


def placeholders(text: str) -> Iterator[str]:
    """Yield templates' placeholders: {x}, {{x}}, ${x}, %s, %(x)d."""
    depth_text = re.sub(r"[^{}\n]*", lambda run: run[0] if len(run[0]) <= 60 else "…", text)
    for found in re.finditer(r"\$?\{+[A-Za-z0-9_. ]+\}+", depth_text):
        yield found[0]
    for word in words(text):
        if re.fullmatch(r"%(?:\([a-z_]+\))?[0-9.]*[sdfx]", word):
            yield word


def paths(text: str) -> Iterator[str]:
    """Yield paths of files: a root, a home or a drive, and file names with a usual ending."""
    named = re.compile(r"[\w/-]+\.(?:py|js|txt|csv|json|html|pdf|png|jpg|xml|md|sql|java)")
    for word in words(text):
        if re.match(r"(?:~|\.\.?)?/[A-Za-z_]|[A-Z]:\\", word) or named.fullmatch(word):
            yield word


def identifiers(text: str) -> Iterator[str]:
    """Yield names that only programs use: with an underscore inside, with a capital inside, called."""
    forms = (r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+", r"[a-z]+(?:[A-Z][a-z]+)+", r"[A-Za-z_]+\(\)")
    for word in words(text):
        if any(re.fullmatch(form, word) for form in forms):
            yield word


def commands(text: str) -> Iterator[str]:
    """Yield LaTeX commands."""
    yield from re.findall(r"\\[A-Za-z]+", text)


def numbers(text: str) -> Iterator[str]:
    """Yield numbers: digits with the points, commas and colons between them, in ASCII digits."""
    ascii_text = "".join(str(unicodedata.digit(sign)) if sign.isdecimal() else sign for sign in text)
    for found in re.finditer(r"[0-9]+(?:[.,:][0-9]+)*", ascii_text):
        yield found[0]


def quotes(line: str) -> int:
    """Count double quotes of any form."""
    return sum(line.count(sign) for sign in '"“”„«»')


PER_LINE: dict[str, Callable[[str], object]] = {
    "indentation": lead,
    "first mark": first_mark,
    "last mark": last_mark,
    "emptiness": lambda line: bool(line.strip()),
    "quotes": quotes,
    **{f"number of {sign}": count_of(sign) for sign in "()[]{}<>|\\*#_^~$=+`@%\t"},
}
WHOLE_TEXT: dict[str, Callable[[str], Iterator[str]]] = {
    "fences": fenced,
    "code lines": indented_code,
    "inline code": ticked,
    "tags": tags,
    "links": links,
    "addresses": mails,
    "hashtags": hashtags,
    "placeholders": placeholders,
    "paths": paths,
    "identifiers": identifiers,
    "commands": commands,
    "numbers": numbers,
}
