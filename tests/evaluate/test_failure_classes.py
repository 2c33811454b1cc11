"""Each class of failure is found where it was put, with its span, and the released answers' labels come out."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_files import NO_RELEASE, RELEASE

from taco.errors import DataError
from taco.evaluate.failure import language, loop, stretches
from taco.evaluate.failure.classify import find_failures
from taco.evaluate.failure.record import KINDS, UNKNOWN, Failure, build_subject
from taco.evaluate.failure.stretches import cut_stretches
from taco.evaluate.files.questions import read_questions
from taco.evaluate.files.raw_answers import read_raw_answers
from taco.languages.identify import blank_code
from taco.languages.scripts import find_script
from taco.languages.table import find_language

GALICIAN = find_language("gl")
NEPALI = find_language("ne")

QUESTION = "How can I sleep better?"
LIST_EN = "Three things help:\n1. Go to bed early.\n2. Turn off the light.\n3. Drink no coffee."
LIST = "Tres cousas axudan:\n1. Déitate cedo.\n2. Apaga a luz.\n3. Non bebas café."
CODE_EN = (
    'Run this:\n```python\ndef greet(name):\n    # say hello\n    return f"Hello {name}"\n\nprint(greet("Ana"))\n```'
)
CODE = CODE_EN.replace("Run this", "Executa isto").replace("say hello", "saúda").replace("Hello", "Ola")
PROSE_EN = "Go to bed at the same hour every day.\nDo not look at your phone in bed."
PROSE = "Déitate á mesma hora todos os días.\nNon mires o teléfono na cama."


def chain(
    response: str,
    response_en: str = PROSE_EN,
    *,
    question: str = QUESTION,
    target: str = "Galician",
    paper: bool = False,
) -> str:
    if paper:
        gap = "\n" + " " * 24
        return f"Instruction in English:  {question}.{gap}Response in English: {response_en}. {gap}Response in {target}: {response}"
    return f"Instruction in English: {question}\nResponse in English: {response_en}\nResponse in {target}: {response}"


def find(
    text: str, *, language: str = "gl", finish: str = "", instruction: str = "", **known: str
) -> tuple[Failure, ...]:
    """Find the failures of an answer; what is known besides is of its reference."""
    subject = build_subject(
        text,
        answer_id="a",
        language=find_language(language),
        finish=finish,
        instruction=instruction,
        reference=replace(UNKNOWN, **known),
    )
    found = find_failures(subject)
    for failure in found:
        assert text[failure.start : failure.end].startswith(failure.text)
        assert failure.kind == "missing-section" or failure.text
    return found


def list_kinds(text: str, **known: str) -> list[str]:
    return [failure.kind for failure in find(text, **known)]


@pytest.mark.parametrize("paper", [False, True])
@pytest.mark.parametrize(("response", "english"), [(PROSE, PROSE_EN), (LIST, LIST_EN), (CODE, CODE_EN)])
def test_a_sound_chain_has_no_failure(response: str, english: str, paper: bool) -> None:
    assert list_kinds(chain(response, english, paper=paper), instruction_en=QUESTION) == []


@pytest.mark.parametrize("paper", [False, True])
@pytest.mark.parametrize(
    ("response", "english", "kind"),
    [
        (" ".join(LIST.split()), LIST_EN, "flattened-list"),
        (" ".join(CODE.split()), CODE_EN, "flattened-code"),
        (" ".join(PROSE.split()), PROSE_EN, "flattened-lines"),
        (CODE.replace("return", "devolve"), CODE_EN, "translated-code"),
        (CODE.replace("{name}", "{nome}"), CODE_EN, "translated-code"),
        (CODE.replace("def", "definir"), CODE_EN, "translated-code"),
    ],
)
def test_layout_and_code_are_compared_with_the_english_section(
    response: str, english: str, kind: str, paper: bool
) -> None:
    text = chain(response, english, paper=paper)
    assert list_kinds(text, finish="stop") == [kind]
    failure = find(text, finish="stop")[0]
    assert text.index("Response in Galician") < failure.start < failure.end <= len(text)


def test_a_list_that_is_half_kept_is_no_flattened_one() -> None:
    assert list_kinds(chain(LIST.replace("\n3.", " 3."), LIST_EN)) == []


def test_a_block_of_code_that_is_gone_is_flattened() -> None:
    assert list_kinds(chain("Executa a función de saúdo.\nÉ doado.", CODE_EN)) == ["flattened-code"]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Instruction in English: Why?\nResponse in English: So.", ["missing-section"]),
        ("Instruction in English: Why?\nResponse in English: So it is that the", ["missing-section", "truncated"]),
        ("A answer without labels", ["missing-section"]),
        ("", ["missing-section"]),
        (chain("Déitate á mesma hora todos os días,\n", "Go."), ["truncated"]),
    ],
)
def test_what_is_missing_or_cut_off(text: str, kinds: list[str]) -> None:
    assert list_kinds(text) == kinds


def test_what_generation_says_of_the_end_counts_more_than_the_text() -> None:
    whole = chain(PROSE)
    assert list_kinds(whole, finish="length") == list_kinds(whole, finish="loop") == ["truncated"]
    assert list_kinds(chain("Déitate á mesma hora,\n", "Go."), finish="stop") == []


LOOPS = {
    "words": "e outra vez " * 40,
    "zeros": "230," + "000," * 330,
    "lines": "- Durme ben todas as noites do ano.\n" * 12,
    "calls": "".join(f"stack1.push({n})\n" for n in range(1, 173)),
    "odd numbers": ", ".join(str(n) for n in range(1, 735, 2)),
    "Chinese": "今天天气很好，" * 40,
}
SOUND = {
    "a table": "| ano | valor |\n|---|---|\n" + "".join(f"| {1990 + n} | {n * n % 97} |\n" for n in range(30)),
    "primes": ", ".join(str(n) for n in range(2, 1000) if all(n % d for d in range(2, int(n**0.5) + 1))),
    "a rule": "-" * 200,
    "a refrain": "Ai la la, canta o río ao pasar.\n" * 4,
    "an array": str(list(range(1, 51))),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops_are_found_with_their_span(name: str) -> None:
    text = f"Instruction in English: Why?\nResponse in English: A start. {LOOPS[name]}"
    failure = next(failure for failure in find(text) if failure.kind == "loop")
    assert failure.end - failure.start > 0.9 * len(LOOPS[name]) - 10


@pytest.mark.parametrize("name", SOUND)
def test_what_repeats_for_good_reasons_is_no_loop(name: str) -> None:
    subject = build_subject(chain(PROSE, SOUND[name]), answer_id="a", language=GALICIAN)
    assert loop.find(subject) == []


@given(st.text(max_size=400))
def test_the_longest_run_does_repeat(text: str) -> None:
    found = loop.find_run(text * 3, least=8, wordless_factor=1)
    if found:
        start, end, period = found
        assert (text * 3)[start : end - period] == (text * 3)[start + period : end]


@given(st.text())
def test_any_text_can_be_classified(text: str) -> None:
    for failure in find_failures(build_subject(text, answer_id="a", language=NEPALI)):
        assert 0 <= failure.start <= failure.end <= len(text)
        assert text[failure.start : failure.end].startswith(failure.text)


ENGLISH = "The weather will be fine along the whole coast today, with rain in the north at night."
SPANISH = "El tiempo será bueno hoy en toda la costa, aunque por la noche llegarán las lluvias del norte."


@pytest.mark.parametrize(("stranger", "kind"), [(ENGLISH, "english"), (SPANISH, "wrong-language")])
def test_a_foreign_stretch_is_found_inside_the_target_section(stranger: str, kind: str) -> None:
    text = chain(f"{PROSE}\n{stranger}\nÉ o mellor que se pode facer para durmir ben durante toda a noite.")
    failure = next(iter(find(text)))
    assert (failure.kind, text[failure.start : failure.end].strip()) == (kind, stranger)


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("uh huh", ["english"]),
        ("nth Fibonacci", ["english"]),
        ("Apple Music", []),
        ("GPS", []),
        ("`common elements`", []),
        ("f(x) = 5x", []),
    ],
)
def test_english_words_in_another_script_are_a_leak_but_names_and_code_are_not(words: str, kinds: list[str]) -> None:
    text = chain(f"यो वाक्यमा {words} भन्ने शब्द छ जुन अरू लिपिमा लेखिएको छ।", "A sentence.", target="Nepali")
    assert list_kinds(text, language="ne") == kinds


@pytest.mark.parametrize(
    ("translated", "kinds"),
    [
        ("How do I sleep better?", []),
        ("How can I sleep better? Your response must be less than 6 sentences.", []),
        ("How can I cook rice?", ["changed-meaning"]),
        ("What would a cat eat?", ["changed-meaning"]),
    ],
)
def test_step_one_is_held_against_the_true_question(translated: str, kinds: list[str]) -> None:
    assert list_kinds(chain(PROSE, question=translated), instruction_en=QUESTION) == kinds
    assert list_kinds(chain(PROSE, question=translated)) == []


@pytest.mark.parametrize(("rule", "limit"), [("less than 4 sentences", 4), ("at most 3 sentences", 4), ("well", 99)])
@pytest.mark.parametrize("sentences", [3, 4])
def test_the_rule_on_sentences_is_read_off_the_instruction(rule: str, limit: int, sentences: int) -> None:
    text = chain("Durme ben. " * sentences, "Sleep well.", question=f"Why? Write {rule}.")
    assert ("too-long" in list_kinds(text)) == (sentences >= limit)


def test_marks_of_a_flattened_list_are_no_sentences() -> None:
    flat = "Tres cousas: 1. Déitate cedo. 2. Apaga a luz. 3. Non bebas café."
    text = chain(flat, LIST_EN, question="Why? Your response must be less than 6 sentences.")
    assert list_kinds(text) == ["flattened-list"]


def read_labels() -> dict[tuple[str, str], set[str]]:
    with (Path(__file__).parent / "failure_labels.tsv").open(encoding="utf-8", newline="") as lines:
        return {
            (row["language"], row["id"]): set(row["classes"].split()) - {"-"}
            for row in csv.DictReader(lines, delimiter="\t")
        }


def test_labels_name_160_answers_and_known_classes() -> None:
    labels = read_labels()
    assert len(labels) == 160
    assert set().union(*labels.values()) <= {*KINDS, "changed-slightly"}


@pytest.mark.skipif(not RELEASE.is_dir(), reason=NO_RELEASE)
def test_the_released_answers_are_classified_as_by_hand() -> None:
    """Labels: made by reading all 160 answers before the classes were written, see docs/failures.md."""
    questions = read_questions(RELEASE.parent / "vicuna" / "question.jsonl")
    labels, counts = read_labels(), Counter[tuple[str, str]]()
    for folder, code in (("nepali", "ne"), ("persian", "fa")):
        for answer in read_raw_answers(RELEASE / folder / "responses"):
            subject = build_subject(
                answer.text,
                answer_id=answer.id,
                language=find_language(code),
                reference=questions[answer.id].find_reference(),
            )
            found, labelled = {failure.kind for failure in find_failures(subject)}, labels[code, answer.id]
            counts.update((kind, "right") for kind in found & labelled)
            counts.update((kind, "alarm") for kind in found - labelled)
            counts.update((kind, "lost") for kind in labelled - found - {"changed-slightly"})
    assert (counts["changed-meaning", "right"], counts["changed-meaning", "alarm"]) == (7, 10)
    assert counts["changed-meaning", "lost"] == 7
    rest = {place: count for place, count in counts.items() if place[0] != "changed-meaning"}
    assert {place: count for place, count in rest.items() if place[1] != "right"} == {}
    assert {kind: count for (kind, _), count in rest.items()} == {
        "missing-section": 3,
        "truncated": 3,
        "loop": 3,
        "english": 3,
        "flattened-list": 17,
        "flattened-code": 12,
        "flattened-lines": 24,
        "translated-code": 10,
        "too-long": 22,
    }


@given(text=st.text("aéक .।\n`5", max_size=120), letters=st.integers(1, 12))
def test_stretches_are_whole_sentences_with_enough_letters(text: str, letters: int) -> None:
    spans = list(cut_stretches(text, 0, len(text), letters=letters))
    prose = blank_code(text)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
    for left, right in spans if len(spans) > 1 else ():
        assert sum(sign in "aéक" for sign in prose[left:right]) >= letters
    assert not spans or spans[0][0] == 0
    assert not prose[spans[-1][1] if spans else 0 :].strip()


def test_a_long_loop_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Model answers loop; what looks for languages in them must not read the whole answer for every sentence."""
    read: list[int] = []
    monkeypatch.setattr(language, "blank_code", lambda text: read.append(len(text)) or blank_code(text))
    looked: list[int] = []
    monkeypatch.setattr(stretches, "find_script", lambda letter: looked.append(1) or find_script(letter))
    text = "Response in Galician:\n" + "8/10\n" * 300
    language.find(build_subject(text, answer_id="1", language=GALICIAN, finish="length"))
    assert read == [len(text)]
    assert len(looked) <= len(text)  # no letter twice


def test_a_runs_folder_and_files_without_a_text_are_no_answers(tmp_path: Path) -> None:
    answers = tmp_path / "run" / "generate" / "tuned.jsonl"
    answers.parent.mkdir(parents=True)
    answers.write_text('{"id": "1", "text": "Ola"}\n', encoding="utf-8")
    (tmp_path / "run" / "manifest.json").write_text('[{"id": 1, "seed": 17}]', encoding="utf-8")
    with pytest.raises(DataError, match="is a run") as caught:
        read_raw_answers(tmp_path / "run")
    assert str(answers) in caught.value.hint
    assert [answer.text for answer in read_raw_answers(answers)] == ["Ola"]
    (answers.parent / "base.jsonl").write_text('{"id": "1", "text": "Hello"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="of two arms") as caught:
        read_raw_answers(answers.parent)  # each id would be there twice
    assert str(answers) in caught.value.hint
    with pytest.raises(DataError, match="holds no text of an answer"):
        read_raw_answers(tmp_path / "run" / "manifest.json")
