"""The chain guard on finished answers: each fault is repaired, recorded, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.chain.formats import find_template
from taco.chain.parse import parse_chain
from taco.generate.backend import Generation, Limits, Prompt
from taco.generate.faults import find_loop_start, find_sentence_end
from taco.generate.foreign import OTHER_SCRIPT, count_letters, find_foreign
from taco.generate.guard import repair_answers
from taco.generate.guard_options import GUARD_OFF, BudgetOptions, GuardOptions
from taco.generate.run import run_generate
from taco.generate.scripted import Line, ScriptedBackend
from taco.languages.table import find_language
from taco.records import Answer, Example, Repair, apply_repairs, from_json, to_json, undo_repairs
from taco.store.jsonl import read_records

GALICIAN = find_language("gl")
ONE, TWO, THREE = find_template("taco").separators(GALICIAN)
QUESTION = f"{ONE}Why is the sky blue?"
ENGLISH = "The sky is blue because air scatters the short waves of light. Long waves pass through it mostly unhindered."
TARGET = (
    "O ceo é azul porque o aire dispersa as ondas curtas da luz. As ondas longas atravésano case sen ningún estorbo."
)
WHOLE = f"{QUESTION}{TWO}{ENGLISH}{THREE}{TARGET}"
LIMITS = Limits(max_new_tokens=400, loop_guard=True, lead_outs=4)
LOOP = "de novo e outra vez " * 20


def make_prompt(text: str = "q") -> Prompt:
    return Prompt(id=text, system="s", text=text, template="taco", language=GALICIAN)


def repair(
    *lines: Line, options: GuardOptions | None = None, limits: Limits = LIMITS
) -> tuple[Generation, tuple[Repair, ...], ScriptedBackend]:
    """Answer with the first line and repair with the others."""
    backend = ScriptedBackend({"q": lines})
    (made,) = backend.generate([make_prompt()], arm="tuned", limits=limits, on_tokens=lambda count: None)
    assert isinstance(made, Generation)
    found = repair_answers(
        {"q": made},
        {"q": make_prompt()},
        backend=backend,
        options=options or GuardOptions(),
        arm="tuned",
        limits=limits,
    )
    repairs = found.get("q", ())
    assert undo_repairs(apply_repairs(made.text, repairs), repairs) == made.text
    return made, repairs, backend


def parse(text: str, finish: str = "stop") -> Any:
    return parse_chain(text, template="taco", language=GALICIAN, finish=finish)


def test_a_good_answer_costs_nothing() -> None:
    _, repairs, backend = repair(Line(WHOLE))
    assert repairs == ()
    assert len(backend.asked) == 1


def test_a_missing_target_heading_is_written_and_gone_on_from() -> None:
    made, repairs, backend = repair(Line(f"{QUESTION}{TWO}{ENGLISH}\n"), Line(TARGET))
    (done,) = repairs
    assert (done.kind, done.section, done.outcome, done.finish) == ("heading", "response", "continued", "stop")
    text = apply_repairs(made.text, repairs)
    assert parse(text).state == "complete"
    assert parse(text).response == TARGET
    assert backend.asked[-1].prefix == f"{QUESTION}{TWO}{ENGLISH}{THREE}"
    assert backend.asked[-1].spent < len(made.token_ends)
    assert done.tokens > 0
    assert done.seconds > 0


def test_two_missing_headings_are_two_repairs() -> None:
    made, repairs, _ = repair(Line(QUESTION), Line(ENGLISH), Line(TARGET))
    assert [one.section for one in repairs] == ["response_en", "response"]
    assert apply_repairs(made.text, repairs) == WHOLE


def test_an_earlier_heading_that_comes_again_gives_way_to_the_missing_one() -> None:
    made, repairs, _ = repair(Line(f"{QUESTION}{TWO}{ENGLISH}{TWO}{ENGLISH}", "length"), Line(TARGET))
    (done,) = repairs
    assert (done.kind, done.section, done.found) == ("heading", "response", "response_en again")
    assert done.removed == f"{TWO}{ENGLISH}"
    assert apply_repairs(made.text, repairs) == WHOLE


@pytest.mark.parametrize("text", [f"{QUESTION}{THREE}{TARGET}", f"{QUESTION}{TWO}{THREE}{TARGET}", f"{QUESTION}{TWO} "])
def test_a_chain_that_a_cut_would_take_text_from_is_left_alone(text: str) -> None:
    assert repair(Line(text), Line(TARGET))[1] == ()


def test_an_answer_without_any_label_is_left_alone() -> None:
    assert repair(Line("Ola!"), Line(TARGET))[1] == ()


def test_nothing_is_gone_on_with_beyond_the_limit() -> None:
    limits = replace(LIMITS, max_new_tokens=12)
    made, repairs, _ = repair(Line(f"{QUESTION}{TWO}{ENGLISH}"), Line(TARGET), limits=limits)
    assert made.finish == "length"
    assert repairs == ()


def test_a_loop_is_cut_and_tried_again_with_a_penalty() -> None:
    head = f"{QUESTION}{TWO}{ENGLISH}{THREE}O ceo "
    made, repairs, backend = repair(Line(head + LOOP, "loop"), Line("e é azul."))
    (done,) = repairs
    assert (done.kind, done.section, done.outcome, done.finish) == ("loop", "response", "retried", "stop")
    text = apply_repairs(made.text, repairs)
    assert text == f"{head}de novo e outra vez e é azul."
    assert parse(text).state == "complete"
    assert [one.penalty for one in backend.limits] == [1.0, GuardOptions().penalty]


def test_a_loop_that_comes_again_is_cut_off() -> None:
    head = f"{QUESTION}{TWO}{ENGLISH}{THREE}O ceo "
    made, repairs, backend = repair(Line(head + LOOP, "loop"), Line("e mais. " + LOOP, "loop"))
    assert [one.outcome for one in repairs] == ["retried", "closed"]
    assert apply_repairs(made.text, repairs) == f"{head}de novo e outra vez e mais. de novo e outra vez "
    assert repairs[-1].finish == "loop"
    assert len(backend.asked) == 2


def test_a_loop_in_the_english_answer_goes_on_to_the_target() -> None:
    made, repairs, _ = repair(Line(f"{QUESTION}{TWO}" + "over and over " * 30, "loop"), Line(f"again.{THREE}{TARGET}"))
    assert parse(apply_repairs(made.text, repairs)).response == TARGET


def test_a_section_over_its_budget_is_closed_at_a_sentence() -> None:
    options = GuardOptions(budget=BudgetOptions(response_en=15))
    made, repairs, backend = repair(Line(f"{QUESTION}{TWO}{ENGLISH} {ENGLISH}"), Line(TARGET), options=options)
    (done,) = repairs
    assert (done.kind, done.section, done.outcome) == ("budget", "response_en", "continued")
    parsed = parse(apply_repairs(made.text, repairs))
    assert parsed.response_en == ENGLISH.partition(". ")[0] + "."
    assert parsed.response == TARGET
    assert backend.asked[-1].spent < 30


def test_the_last_section_over_its_budget_ends_the_answer() -> None:
    options = GuardOptions(budget=BudgetOptions(response=14))
    made, repairs, backend = repair(Line(WHOLE), options=options)
    (done,) = repairs
    assert (done.kind, done.outcome, done.finish) == ("budget", "closed", "length")
    assert parse(apply_repairs(made.text, repairs)).response == TARGET.partition(". ")[0] + "."
    assert len(backend.asked) == 1


def test_code_that_a_budget_cuts_is_closed() -> None:
    options = GuardOptions(budget=BudgetOptions(response_en=6, response=6))
    code = "```python\n" + "".join(f"x{count} = {count}\n" for count in range(20)) + "```"
    made, repairs, _ = repair(Line(f"{QUESTION}{TWO}{code}"), Line(code), options=options)
    assert [(one.kind, one.section, one.outcome) for one in repairs] == [
        ("budget", "response_en", "continued"),
        ("budget", "response", "closed"),
    ]
    parsed = parse(apply_repairs(made.text, repairs), "length")
    assert parsed.response_en == parsed.response == "```python\nx0 = 0\nx1 =\n```"


def test_a_target_section_in_english_is_written_once_more() -> None:
    head = f"{QUESTION}{TWO}{ENGLISH}{THREE}"
    made, repairs, backend = repair(Line(head + ENGLISH), Line(TARGET))
    (done,) = repairs
    assert (done.kind, done.section, done.found, done.outcome) == ("language", "response", "en", "retried")
    assert apply_repairs(made.text, repairs) == WHOLE
    assert backend.asked[-1].prefix == head
    assert backend.limits[-1].penalty > 1


def test_a_second_try_that_is_no_better_is_not_taken() -> None:
    made, repairs, backend = repair(Line(f"{QUESTION}{TWO}{ENGLISH}{THREE}{ENGLISH}"), Line("The sky, " + ENGLISH))
    (done,) = repairs
    assert done.outcome == "kept"
    assert apply_repairs(made.text, repairs) == made.text
    assert done.tokens > 0
    assert len(backend.asked) == 2


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        (ENGLISH, "gl", "en"),
        (TARGET, "gl", ""),
        ("The sky is blue.", "gl", ""),  # too short to say
        ("```\n" + ENGLISH + "\n```", "gl", ""),  # code
        (ENGLISH, "ne", OTHER_SCRIPT),
        ("नेपालको राजधानी काठमाडौं हो। यो शहर उपत्यकामा अवस्थित छ र यहाँ धेरै पुराना मन्दिर छन्।" * 2, "ne", ""),
        ("", "gl", ""),
    ],
)
def test_only_what_is_sure_is_called_another_language(text: str, code: str, expected: str) -> None:
    assert find_foreign(text, find_language(code)) == expected
    assert count_letters("a1 `b` c") == 2


@pytest.mark.parametrize("kind", ["heading", "loop", "language"])
def test_each_repair_can_be_switched_off(kind: str) -> None:
    lines = {
        "heading": Line(f"{QUESTION}{TWO}{ENGLISH}"),
        "loop": Line(f"{WHOLE} {LOOP}", "loop"),
        "language": Line(f"{QUESTION}{TWO}{ENGLISH}{THREE}{ENGLISH}"),
    }
    assert [one.kind for one in repair(lines[kind], Line(TARGET))[1]] == [kind]
    assert repair(lines[kind], Line(TARGET), options=GuardOptions.model_validate({kind: False}))[1] == ()
    assert not GUARD_OFF.is_on


def test_a_prefix_that_the_backend_refuses_leaves_the_answer() -> None:
    backend = ScriptedBackend({"q": [Line(QUESTION)]})
    (made,) = backend.generate([make_prompt()], arm="tuned", limits=LIMITS, on_tokens=lambda count: None)
    assert isinstance(made, Generation)
    found = repair_answers(
        {"q": made},
        {"q": make_prompt()},
        backend=ScriptedBackend({}),
        options=GuardOptions(),
        arm="tuned",
        limits=LIMITS,
    )
    assert [one.outcome for one in found["q"]] == ["refused"]
    assert apply_repairs(made.text, found["q"]) == made.text


SNIPPETS = st.sampled_from(
    [ONE, TWO, THREE, ENGLISH, TARGET, LOOP, " ", "\n\n", "a", "| | |", "Response in Galician: x", "12"]
)
LINES = st.builds(
    Line, st.lists(SNIPPETS, max_size=6).map("".join), st.sampled_from(["stop", "length", "loop", "label"])
)


@given(
    lines=st.lists(LINES, min_size=1, max_size=6),
    budget=st.none() | st.integers(1, 40),
    tokens=st.integers(1, 200),
)
@settings(deadline=None, max_examples=80)
def test_the_raw_text_is_always_recoverable_and_repairing_ends(
    lines: list[Line], budget: int | None, tokens: int
) -> None:
    options = GuardOptions(budget=BudgetOptions(response_en=budget, response=budget))
    limits = replace(LIMITS, max_new_tokens=tokens)
    made, repairs, backend = repair(*lines, options=options, limits=limits)
    text = apply_repairs(made.text, repairs)
    for one in repairs:  # record by record too
        assert from_json(Repair, to_json(one)) == one
    assert len(repairs) <= 8
    if not repairs:
        assert text == made.text
    before = parse(made.text, made.finish)
    after = parse(text, repairs[-1].finish if repairs else made.finish)
    assert before.state != "complete" or after.state in ("complete", "truncated")
    assert all(prompt.spent < tokens for prompt in backend.asked)


def test_the_stage_keeps_raw_texts_and_counts_both(
    chain_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = list(read_records(chain_folder / "heldout.jsonl", Example))
    raw = f"{QUESTION}{TWO}{ENGLISH}"
    script = {example.prompt: [Line(WHOLE), Line(WHOLE)] for example in examples}
    script[examples[0].prompt] = [Line("Hello"), Line(raw), Line(TARGET)]  # base, tuned, repair
    backends: list[ScriptedBackend] = []

    def load(name: str) -> Callable[..., ScriptedBackend]:
        def make(options: Any, *, setup: Any) -> ScriptedBackend:
            backends.append(ScriptedBackend(script))
            return backends[-1]

        return make

    from taco.generate.backend import BACKENDS
    from taco.generate.options import GenerateOptions
    from taco.model.options import ModelOptions
    from taco.progress import SilentProgress

    monkeypatch.setattr(type(BACKENDS), "load_implementation", lambda self, name: load(name))

    def run(out: Path) -> Any:
        out.mkdir(exist_ok=True)
        return run_generate(
            GenerateOptions(backend="echo"),
            model=ModelOptions(),
            chain=chain_folder,
            adapter=tmp_path,
            out=out,
            cache=tmp_path,
            language=GALICIAN,
            progress=SilentProgress(),
        )

    count = run(tmp_path / "out")
    first, *others = read_records(tmp_path / "out" / "tuned.jsonl", Answer)
    assert (first.text, first.state) == (raw, "missing-response")
    assert first.repaired == WHOLE
    assert first.tokens == sum(use.tokens for use in first.sections)
    assert all(answer.repairs == () and answer.repaired == answer.text for answer in others)
    assert count.counters["tuned_complete"] == len(others)
    assert count.counters["tuned_complete_with_repairs"] == len(others) + 1
    assert count.counters["tuned_repaired_heading"] == count.counters["tuned_repaired"] == 1
    assert not any(key.startswith("base_repair") for key in count.counters)
    assert all(answer.repairs == () for answer in read_records(tmp_path / "out" / "base.jsonl", Answer))

    whole = (tmp_path / "out" / "tuned.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    bare = to_json(replace(first, repairs=())).encode() + b"\n"  # killed before the repair was written
    (tmp_path / "out" / "tuned.jsonl").write_bytes(b"".join([bare, *lines[1:]]))
    script[examples[0].prompt] = [Line(raw), Line(TARGET)]  # the base arm is there already
    run(tmp_path / "out")
    assert (tmp_path / "out" / "tuned.jsonl").read_bytes() == whole


def test_a_loop_of_table_borders_needs_more_repeats() -> None:
    from taco.generate.faults import Draft

    def make(text: str, times: int) -> Draft:
        ends = [len(text) * (count + 1) for count in range(times)]
        return Draft(text=text * times, finish="loop", ends=ends)

    assert find_loop_start(make("| --- ", 30))[1] == 0
    assert find_loop_start(make("palabra ", 30)) == (len("palabra "), 1)


def test_a_cut_never_lies_inside_a_word() -> None:
    text = "unha frase longa sen fin de ningunha clase"
    for most in range(5, len(text)):
        cut = find_sentence_end(text, "Latn", most=most)
        assert cut <= most
        assert cut == len(text) or text[cut].isspace()
