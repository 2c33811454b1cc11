"""Which lines are code although no fence says so; instruction sets are full of them."""

from __future__ import annotations

import re

_VALUE = r"(?:[\"'\[{(\d$-].*|(?:new\s+)?[\w.]+(?:[(\[].*)?;?|lambda\b.*)"

_CODE = re.compile(
    rf"""
    \s*(?:
      [\w.\[\]"']+\s*(?:[-+*/%|&^]|<<|>>|:)?=(?!=)\s*{_VALUE}                             # assignment
    | (?:const|let|var|int|float|double|char|bool|boolean|string|String|long|auto)\s+\w+\s*(?:[=;,(\[]).*
    | (?:async\s+)?def\s+\w+\s*\(.*|class\s+\w+\s*(?:\(.*\))?\s*[:{{]\s*|function\s*\w*\s*\(.*
    | import\s+[\w.{{*]+(?:\s+(?:as|from)\s+.*|[\s,;\w.]*;?)|from\s+[\w.]+\s+import\s.*|\#include\s*[<"].*|using\s+[\w.]+;|package\s+[\w.]+;
    | (?:public|private|protected|static|final)\s+.*[({{;]\s*
    | (?:for|while|if|elif|else\s+if|switch|catch)\s*\(.*|[}}\])]+\s*(?:else|catch|finally|while)\b.*
    | for\s+\w+(?:,\s*\w+)*\s+in\s+[\w.]+[(\[].*:\s*|(?:if|elif|while)\s+.*[=<>()\[\]].*:\s*|(?:else|try|finally|except(?:\s+\w+)?(?:\s+as\s+\w+)?):\s*
    | (?:return|yield|raise|throw)(?:\s+[\w.]+(?:[(\[].*)?\s*;?|\s.*[-+*/=(\[;].*|;)|(?:break|continue|pass);?
    | [A-Za-z_][\w.]*\(.*\)\s*[;:{{]?                                                     # a call and nothing else
    | [}}\])]+[;,)]*\s*                                                                   # blocks close
    | [A-Za-z_][\w.\[\]]*(?:\+\+|--);?                                                    # statements
    | [a-z-]+\s*:\s*[^\s;][^;]*;\s*                                                       # CSS
    | (?:SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|CREATE\s+TABLE|ALTER\s+TABLE|DROP\s+TABLE|FROM|WHERE|GROUP\s+BY|ORDER\s+BY
        |HAVING|LIMIT|VALUES|(?:LEFT|RIGHT|INNER|OUTER|FULL)?\s*JOIN)\s+[\w(*`"'].*
    | ["'][\w\s-]+["']\s*:\s*.+                                                           # a member of a JSON object
    | //.*|/\*.*|\*/|\#!.*|\$\s+\S.*|>>>\s.*|%%\s.*
    | (?!\{{\{{)[\[{{]\s*["'{{\[].*
    )\Z
    """,
    re.VERBOSE,
)
_OPENING = re.compile(r"\s*(?:[^\s].*\)\s*\{\s*|[\w.#-][\w.#:\s>,-]*\{\s*)\Z")
"""A block that opens; looked for only in lines that end in a brace, as it reads the whole line."""

_STATEMENT = re.compile(r""".*[\w)\]"'];\s*(?://.*)?(?<=[)\]"'];)\Z""")
"""A statement; looked for only in lines that end in a semicolon."""

_SIGNS = re.compile(r"[=(){}\[\];:#/$*]")
_KEYWORD = re.compile(r"\s*(?:import|from|return|break|continue|pass|package|using|[A-Z]{4,}|[A-Z]+\s)")


def is_code_line(line: str) -> bool:
    """Whether a line, without its line end, is surely code.

    Code that reads like a sentence is not found; nothing breaks then, but its words are translated.

    >>> is_code_line("    return x + 1"), is_code_line("Return the book, please (today).")
    (True, False)
    """
    may_be = _SIGNS.search(line) or _KEYWORD.match(line) or line.endswith(("--", "++"))
    if not may_be:
        return False
    if _CODE.match(line) or (line.endswith(";") and _STATEMENT.match(line)):
        return True
    return line.rstrip().endswith("{") and _OPENING.match(line) is not None
