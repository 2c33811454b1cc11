"""What a program can check of the seed set."""

import json
import re
from collections import Counter, defaultdict

from taco.source.normalise import make_row, normalise_text
from taco.source.seed import list_seed_files, parse_seed, read_seed_lines

CATEGORIES = {
    *("coding", "common-sense", "counterfactual", "fermi", "generic", "knowledge", "math", "roleplay", "writing"),
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
STRUCTURES = {
    "code": re.compile(r"```|`[^`\n]+`"),
    "list": re.compile(r"^\s*(?:[-*]|\d+[.)]) ", re.MULTILINE),
    "table": re.compile(r"^\|.*\|$", re.MULTILINE),
    "number": re.compile(r"\d"),
    "URL": re.compile(r"https?://"),
    "placeholder": re.compile(r"\{\w+\}|\[[A-Z][\w ]*\]|<[a-z_]+>|%[sd]"),
}
ABBREVIATIONS = re.compile(
    r"\b(?:e\.g|i\.e|etc|Mr|Mrs|Ms|Dr|St|vs|approx|No|a\.m|p\.m)\.|(?<=\d)\.(?=\d)|^\s*\d+\.", re.M
)
LONGEST_RESPONSE_SENTENCES = 6


def read_rows() -> list[dict[str, str]]:
    return [json.loads(line) for _, line in read_seed_lines()]


def count_sentences(text: str) -> int:
    """Ends of sentences outside code; list markers, decimals and abbreviations do not end one."""
    prose = re.sub(r"`[^`\n]+`", "code", FENCE.sub("", text))
    return len(re.findall(r"[.!?]+[\"'”’)*_]*(?=\s|$)", ABBREVIATIONS.sub("", prose)))


def test_sentences_are_counted_outside_code_and_abbreviations() -> None:
    assert count_sentences("One. Two! Three?") == 3
    assert count_sentences('It is 3.5 km, e.g. here. "Yes."\n\n```python\na. b. c.\n```') == 2
    assert count_sentences("1. First\n2. Second") == 0


def test_the_set_is_as_large_as_promised() -> None:
    rows = read_rows()
    assert len(rows) >= 240
    assert sum(row["split"] == "heldout" for row in rows) == 40


def test_there_is_one_file_for_each_category_and_it_says_so() -> None:
    assert {file.name.removesuffix(".jsonl") for file in list_seed_files()} == CATEGORIES
    for origin, line in read_seed_lines():
        assert json.loads(line)["category"] == re.split("[/.]", origin)[1], origin


def test_each_category_has_rows_to_train_on_and_rows_held_out() -> None:
    splits: dict[str, Counter[str]] = defaultdict(Counter)
    for row in read_rows():
        splits[row["category"]][row["split"]] += 1
    assert set(splits) == CATEGORIES
    assert all(counts["train"] >= 15 and counts["heldout"] >= 2 for counts in splits.values())


def test_every_row_has_exactly_the_fields_of_the_form_and_is_normal() -> None:
    for origin, line in read_seed_lines():
        fields = json.loads(line)
        assert list(fields) == ["instruction", "input", "response", "category", "split"], origin
        assert all(normalise_text(text) == text for text in fields.values()), origin
        [draft] = parse_seed(fields)
        assert make_row(draft, origin=origin).instruction == fields["instruction"]


def test_no_two_rows_ask_the_same() -> None:
    asked = Counter((row["instruction"].casefold(), row["input"].casefold()) for row in read_rows())
    assert [key for key, times in asked.items() if times > 1] == []
    heldout = {row["instruction"].casefold() for row in read_rows() if row["split"] == "heldout"}
    train = {row["instruction"].casefold() for row in read_rows() if row["split"] == "train"}
    assert heldout & train == set()


def test_responses_have_at_most_six_sentences() -> None:
    long = {row["instruction"]: count_sentences(row["response"]) for row in read_rows()}
    assert {key: count for key, count in long.items() if count > LONGEST_RESPONSE_SENTENCES} == {}


def test_there_are_rows_of_every_structure() -> None:
    found = Counter(
        name
        for row in read_rows()
        for name, pattern in STRUCTURES.items()
        if pattern.search(row["input"] + "\n" + row["response"])
    )
    structured = sum(
        any(pattern.search(row["input"] + "\n" + row["response"]) for pattern in STRUCTURES.values())
        for row in read_rows()
    )
    assert structured >= 30
    assert set(found) == set(STRUCTURES), "every kind of structure occurs"
    assert sum(bool(row["input"]) for row in read_rows()) >= 40
    assert sum(not row["input"] for row in read_rows()) >= 100


def test_fences_are_closed_and_python_compiles() -> None:
    compiled = 0
    for origin, line in read_seed_lines():
        fields = json.loads(line)
        for text in (fields["input"], fields["response"]):
            assert text.count("```") == 2 * len(FENCE.findall(text)), origin
        # A fence of the input may be the broken code that the row is about.
        for language, code in FENCE.findall(fields["response"]):
            assert language, f"{origin}: a fence names its language"
            if language == "python":
                compile(code, origin, "exec")
                compiled += 1
    assert compiled >= 5
