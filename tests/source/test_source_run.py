"""The stage as a whole: nothing lost, nothing twice, and errors that say what to do."""

import json
import os
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from taco.errors import DataError
from taco.progress import SilentProgress
from taco.records import Drop, Row, StageCount
from taco.source.hygiene.sift import REASON
from taco.source.location import digest_source
from taco.source.options import SourceOptions
from taco.source.run import run_source
from taco.store.jsonl import read_records

SHARED = Path(os.environ.get("TACO_SHARED_DATA") or Path(__file__).parents[2].parent / "shared" / "data") / "alpaca"


def alpaca_rows(count: int) -> list[dict[str, str]]:
    return [{"instruction": f"Question {n}?", "input": "", "output": f"Answer {n}."} for n in range(count)]


def write_lines(path: Path, rows: list[object]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path.name


def run(folder: Path, *, seed: int = 1, **options: object) -> StageCount:
    (folder / "out").mkdir(exist_ok=True)
    chosen = SourceOptions.model_validate({"heldout": 2, **options})
    count = run_source(chosen, folder=folder, out=folder / "out", seed=seed, progress=SilentProgress())
    assert count.is_balanced()
    return count


def rows_of(folder: Path, name: str) -> list[Row]:
    return list(read_records(folder / "out" / f"{name}.jsonl", Row))


def drops_of(folder: Path) -> list[Drop]:
    return list(read_records(folder / "out" / "dropped.jsonl", Drop))


def test_rows_are_split_and_counted(tmp_path: Path) -> None:
    count = run(tmp_path, path=write_lines(tmp_path / "a.jsonl", alpaca_rows(10)))
    assert (count.rows_in, count.rows_kept, count.dropped) == (10, 10, {})
    assert count.counters == {"train": 8, "heldout": 2, "duplicates": 0, "format": "alpaca"}
    train, heldout = rows_of(tmp_path, "train"), rows_of(tmp_path, "heldout")
    assert {row.instruction for row in train + heldout} == {f"Question {n}?" for n in range(10)}
    assert [row.origin for row in train] == sorted((row.origin for row in train), key=lambda origin: int(origin[8:]))
    assert drops_of(tmp_path) == []


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [*alpaca_rows(10), *alpaca_rows(3), None])
    outputs = []
    for _ in range(2):
        run(tmp_path, path=path, on_bad_row="drop")
        outputs.append({file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()})
    assert outputs[0] == outputs[1]
    assert set(outputs[0]) == {"train.jsonl", "heldout.jsonl", "dropped.jsonl"}


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_the_split_does_not_depend_on_the_order_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, shuffler: random.Random, seed: int
) -> None:
    chosen = []
    rows = alpaca_rows(20)
    for _ in range(2):
        folder = tmp_path_factory.mktemp("run")
        run(folder, path=write_lines(folder / "a.jsonl", list(rows)), heldout=5, seed=seed)
        chosen.append({row.id for row in rows_of(folder, "heldout")})
        shuffler.shuffle(rows)
    assert chosen[0] == chosen[1] and len(chosen[0]) == 5


def test_another_seed_holds_out_other_rows(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", alpaca_rows(40))
    chosen = []
    for seed in (1, 2):
        run(tmp_path, path=path, heldout=10, seed=seed)
        chosen.append({row.id for row in rows_of(tmp_path, "heldout")})
    assert chosen[0] != chosen[1]


def test_duplicates_are_dropped_and_name_their_first(tmp_path: Path) -> None:
    again = {"instruction": " Question 3?\r\n", "input": "<noinput>", "output": "Answer 3."}
    count = run(tmp_path, path=write_lines(tmp_path / "a.jsonl", [*alpaca_rows(6), again]))
    assert count.dropped == {"duplicate": 1} and count.counters["duplicates"] == 1
    [drop] = drops_of(tmp_path)
    assert (drop.origin, drop.detail) == ("a.jsonl:7", "equal to a.jsonl:4")
    assert drop.id in {row.id for row in rows_of(tmp_path, "train") + rows_of(tmp_path, "heldout")}


def test_a_heldout_instruction_is_not_trained_on_with_another_input(tmp_path: Path) -> None:
    rows = [{"instruction": text, "input": str(n), "output": "x"} for n in range(6) for text in ("Sum", "SUM", f"Q{n}")]
    count = run(tmp_path, path=write_lines(tmp_path / "a.jsonl", rows), heldout=6)
    asked = {row.instruction.casefold() for row in rows_of(tmp_path, "heldout")}
    assert "sum" in asked
    assert asked.isdisjoint(row.instruction.casefold() for row in rows_of(tmp_path, "train"))
    assert set(count.dropped) == {"same-instruction-as-heldout"}


def test_nothing_left_to_train_on_is_an_error(tmp_path: Path) -> None:
    rows = [{"instruction": "Sum", "input": str(n), "output": "x"} for n in range(6)]
    with pytest.raises(DataError, match="no row is left to train on"):
        run(tmp_path, path=write_lines(tmp_path / "a.jsonl", rows))


@pytest.mark.parametrize("heldout", [10, 11, 1_000])
def test_more_heldout_rows_than_there_are_is_an_error(tmp_path: Path, heldout: int) -> None:
    with pytest.raises(DataError) as caught:
        run(tmp_path, path=write_lines(tmp_path / "a.jsonl", alpaca_rows(10)), heldout=heldout)
    assert f"{heldout} held-out rows" in caught.value.message and "10 different rows" in caught.value.message


def test_no_row_need_be_held_out(tmp_path: Path) -> None:
    count = run(tmp_path, path=write_lines(tmp_path / "a.jsonl", alpaca_rows(3)), heldout=0)
    assert count.counters["train"] == 3 and rows_of(tmp_path, "heldout") == []


def test_rows_beyond_the_limit_are_not_read(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [*alpaca_rows(5), None, *alpaca_rows(5)])
    count = run(tmp_path, path=path, limit=5)
    assert count.rows_in == 5 and count.dropped == {}
    (tmp_path / "b.json").write_text(json.dumps(alpaca_rows(5))[:-1] + ', {"broken": ')
    assert run(tmp_path, path="b.json", limit=5).rows_in == 5


def test_a_limit_counts_rows_and_not_tasks(tmp_path: Path) -> None:
    tasks = [
        {"instruction": f"Task {n}", "instances": [{"input": str(k), "output": "x"} for k in range(3)]}
        for n in range(4)
    ]
    count = run(tmp_path, path=write_lines(tmp_path / "a.jsonl", tasks), limit=4, heldout=1)
    assert count.rows_in == 4
    origins = {row.origin for row in rows_of(tmp_path, "train") + rows_of(tmp_path, "heldout")}
    assert origins | {drop.origin for drop in drops_of(tmp_path)} == {f"a.jsonl:1#{k}" for k in (1, 2, 3)} | {
        "a.jsonl:2#1"
    }


BAD_ROWS: list[object] = [
    {"instruction": "Q", "input": ""},
    {"instruction": "Q", "input": "", "output": None},
    {"instruction": " ", "input": "", "output": "x"},
    {"instruction": "Q", "input": "", "output": "\n"},
    {"instruction": "Q\x00", "input": "", "output": "x"},
    "a string",
    None,
    [[None, [None]]],
]
BAD_REASONS = {"missing-field": 1, "wrong-type": 4, "empty-instruction": 1, "empty-response": 1, "bad-unicode": 1}


def test_malformed_rows_stop_the_stage_with_file_line_and_number(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [*alpaca_rows(2), *BAD_ROWS, *alpaca_rows(4)])
    with pytest.raises(DataError) as caught:
        run(tmp_path, path=path)
    lines = caught.value.message.splitlines()
    assert lines[0] == "a.jsonl: 8 of 14 rows are malformed:"
    assert lines[1] == "  a.jsonl:3: field 'output' is missing; found the fields 'instruction', 'input'."
    assert lines[2] == "  a.jsonl:4: field 'output' holds null; expected text."
    assert lines[-1] == "  and 3 more" and len(lines) == 7
    assert "instruction, input, output" in caught.value.hint and "--on-bad-row drop" in caught.value.hint
    assert not list((tmp_path / "out").iterdir())


def test_malformed_rows_may_be_dropped_and_are_counted_by_reason(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [*BAD_ROWS, *alpaca_rows(4)])
    with (tmp_path / path).open("ab") as out:
        out.write(b'{"instruction": "Q", "input": "caf\xe9", "output": "x"}\n{"instruction": "torn')
    count = run(tmp_path, path=path, on_bad_row="drop")
    assert count.dropped == BAD_REASONS | {"bad-unicode": 2, "not-json": 1}
    assert count.rows_in == 14 and count.rows_kept == 4
    assert Counter(drop.reason for drop in drops_of(tmp_path)) == count.dropped
    assert {drop.stage for drop in drops_of(tmp_path)} == {"source"}


def test_rows_without_a_known_schema_name_the_known_ones(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"prompt": "a", "completion": "b"}] * 3)
    for on_bad_row in ("fail", "drop"):
        with pytest.raises(DataError) as caught:
            run(tmp_path, path=path, on_bad_row=on_bad_row)
        assert "'prompt', 'completion'" in caught.value.message
        assert "dolly (instruction, context, response, category)" in caught.value.hint
        assert "--on-bad-row" not in caught.value.hint, "dropping every row would not help"


def test_the_schema_is_that_of_the_first_row_that_has_one(tmp_path: Path) -> None:
    dolly = {"instruction": "a", "context": "", "response": "b", "category": "c"}
    path = write_lines(tmp_path / "a.jsonl", [None, *alpaca_rows(3), dolly])
    count = run(tmp_path, path=path, on_bad_row="drop", heldout=1)
    assert count.counters["format"] == "alpaca"
    assert count.dropped == {"wrong-type": 1, "missing-field": 1}


def test_a_schema_that_is_asked_for_is_held_to(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", alpaca_rows(3))
    with pytest.raises(DataError, match="field 'context' is missing"):
        run(tmp_path, path=path, format="dolly")


def test_unused_turns_are_counted(tmp_path: Path) -> None:
    talk = [
        {"messages": [{"role": role, "content": f"{role} {n}"} for role in ("user", "assistant", "user")]}
        for n in range(4)
    ]
    count = run(tmp_path, path=write_lines(tmp_path / "a.jsonl", talk))
    assert count.counters["unused_turns"] == 4 and count.counters["format"] == "messages"


def test_an_own_file_in_the_seed_form_holds_out_the_rows_that_it_marks(tmp_path: Path) -> None:
    rows = [
        {
            "instruction": f"Q{n}",
            "input": "",
            "response": "x",
            "category": "c",
            "split": "heldout" if n < 4 else "train",
        }
        for n in range(10)
    ]
    path = write_lines(tmp_path / "a.jsonl", rows)
    count = run(tmp_path, path=path, heldout=4)
    assert {row.instruction for row in rows_of(tmp_path, "heldout")} == {"Q0", "Q1", "Q2", "Q3"}
    count = run(tmp_path, path=path, heldout=3)
    assert count.dropped == {"heldout-not-used": 1} and count.counters["train"] == 6
    with pytest.raises(DataError, match="only 4 are marked"):
        run(tmp_path, path=path, heldout=5)


def test_the_seed_set_is_the_default(tmp_path: Path) -> None:
    count = run(tmp_path, heldout=40)
    assert count.rows_kept >= 240 and count.dropped == {}
    assert count.counters["heldout"] == 40 and count.counters["format"] == "seed"
    assert len({row.category for row in rows_of(tmp_path, "heldout")}) == 9
    assert len({row.category for row in rows_of(tmp_path, "train")[:60]}) == 9
    assert rows_of(tmp_path, "train")[0].origin.startswith("seed/")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no rows"),
        (b"\xef\xbb\xbf\n", "holds no rows"),
        (b"[]", "holds no rows"),
        (b'["a", "b"]', "2 of 2 rows are malformed"),
        (b"[null, [null]]", "a.json:1: the row is null; expected an object"),
        (b'[{"instruction": "a", "input": "", "output"', "a.json:1"),
        (bytes(range(256)) * 40, "malformed"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "malformed"),
        (b"true", "the row is a truth value"),
        (b'{\n "rows": [\n]\n}', "expected one object a line, or one array"),
    ],
)
@pytest.mark.parametrize("on_bad_row", ["fail", "drop"])
def test_rubbish_is_an_error_of_one_screen(tmp_path: Path, content: bytes, words: str, on_bad_row: str) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError) as caught:
        run(tmp_path, path="a.json", on_bad_row=on_bad_row)
    assert words in caught.value.message
    assert caught.value.hint
    assert len(str(caught.value)) < 3_000


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_rows_or_a_data_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("run")
    (folder / "a.jsonl").write_bytes(json.dumps(alpaca_rows(1)[0]).encode() + b"\n" + content)
    try:
        count = run(folder, path="a.jsonl", on_bad_row="drop", heldout=0)
    except DataError:
        return
    assert count.rows_kept >= 1


def test_a_line_of_ten_megabytes_is_a_row(tmp_path: Path) -> None:
    rows = alpaca_rows(3)
    rows[1]["output"] = "word " * 2_000_000
    run(tmp_path, path=write_lines(tmp_path / "a.jsonl", list(rows)), heldout=0)
    assert len(rows_of(tmp_path, "train")[1].response) == 9_999_999


def test_a_missing_file_offers_the_one_beside_it(tmp_path: Path) -> None:
    write_lines(tmp_path / "alpaca_data.json", [])
    with pytest.raises(DataError) as caught:
        run(tmp_path, path="alpaca_dta.json")
    assert caught.value.message == "alpaca_dta.json is missing; did you mean 'alpaca_data.json' beside it?"
    with pytest.raises(DataError, match=r"did you mean 'alpaca_data\.json'"):
        run(tmp_path, path="alpaca_data.parquet")
    with pytest.raises(DataError, match=r"zzz\.json is missing\."):
        run(tmp_path, path="zzz.json")
    with pytest.raises(DataError, match=r"the folder .* is missing too"):
        run(tmp_path, path="no/such/folder.json")


def test_a_folder_lists_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        run(tmp_path, path="rows")
    write_lines(tmp_path / "rows" / "a.jsonl", [])
    with pytest.raises(DataError) as caught:
        run(tmp_path, path=str(tmp_path / "rows"))
    assert "a.jsonl" in caught.value.hint


def test_a_path_that_no_disk_accepts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        run(tmp_path, path="a" * 5_000 + ".json")
    with pytest.raises(DataError, match="missing"):
        run(tmp_path, path="a\x00.json")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("instruction,output\n")
    with pytest.raises(DataError, match=r"does not end in \.json"):
        run(tmp_path, path="a.csv")


def test_options_refuse_what_makes_no_sense() -> None:
    for options in (
        {"path": ""},
        {"path": "hf:"},
        {"path": "seed", "format": "alpaca"},
        {"path": "a.json", "revision": "main"},
        {"heldout": -1},
        {"limit": 0},
        {"format": "csv"},
        {"on_bad_row": "ignore"},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            SourceOptions.model_validate(options)


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    options = SourceOptions(path=write_lines(tmp_path / "a.jsonl", alpaca_rows(1)))
    before = digest_source(options, folder=tmp_path)
    assert digest_source(options, folder=tmp_path) == before
    write_lines(tmp_path / "a.jsonl", alpaca_rows(2))
    assert digest_source(options, folder=tmp_path) != before
    seed_digest = digest_source(SourceOptions(), folder=tmp_path)
    assert len(seed_digest) == 64 and seed_digest != before
    hub = SourceOptions(path="hf:owner/name", revision="abc")
    assert digest_source(hub, folder=tmp_path) == "hf:owner/name train abc"
    with pytest.raises(DataError, match="missing"):
        digest_source(SourceOptions(path="gone.json"), folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("alpaca_gpt4_en_999.json", 999),
        ("self_instruct_seed_tasks_175.jsonl", 175),
        ("user_oriented_instructions_252.jsonl", 252),
    ],
)
def test_public_files_load_completely(tmp_path: Path, name: str, rows: int) -> None:
    if not SHARED.exists():
        pytest.skip(f"no data at {SHARED}")
    count = run(tmp_path, path=str(SHARED / name), heldout=40)
    assert count.rows_in == rows
    others = {reason for reason in count.dropped if not reason.startswith(REASON)}
    assert others <= {"duplicate", "same-instruction-as-heldout"}
    if name.startswith("alpaca"):
        inputs = [row.input.casefold() for row in rows_of(tmp_path, "train")]
        assert not any("noinput" in text.replace(" ", "") and len(text) < 14 for text in inputs)
        assert run(tmp_path, path=str(SHARED / name), limit=150, heldout=40).rows_in == 150


HOSTILE_ROWS = [
    {"instruction": "Find a word that rhymes with 'moon'.", "input": "", "output": "Spoon."},
    {"instruction": "Give two synonyms for 'quick'.", "input": "", "output": "1. Fast\n2. Rapid"},
    {"instruction": "Write a sentence with the word 'lantern'.", "input": "", "output": "The lantern is lit."},
]


def test_hostile_rows_are_dropped_kept_or_marked_and_counted(tmp_path: Path) -> None:
    count = run(tmp_path, path=write_lines(tmp_path / "a.jsonl", [*alpaca_rows(4), *HOSTILE_ROWS]))
    assert (count.rows_in, count.rows_kept, count.dropped) == (7, 6, {"hostile-rhyme": 1})
    assert {name: number for name, number in count.counters.items() if name.startswith("hostile")} == {
        "hostile_rhyme": 1,
        "hostile_synonyms": 1,
        "hostile_vocabulary": 1,
    }
    [drop] = drops_of(tmp_path)
    assert (drop.stage, drop.reason, drop.origin) == ("source", "hostile-rhyme", "a.jsonl:5")
    marks = {row.hostile: row.keep for row in rows_of(tmp_path, "train") + rows_of(tmp_path, "heldout")}
    assert set(marks) == {"", "synonyms", "vocabulary"}
    assert marks["vocabulary"] == () and set(marks["synonyms"]) == {"quick", "Fast", "Rapid"}


def test_the_recipe_says_what_becomes_of_hostile_rows(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [*alpaca_rows(4), *HOSTILE_ROWS])
    count = run(tmp_path, path=path, hygiene={"rhyme": "translate", "vocabulary": "drop"})
    assert count.dropped == {"hostile-vocabulary": 1}
    count = run(tmp_path, path=path, hygiene={"enabled": False})
    assert count.dropped == {} and "hostile_rhyme" not in count.counters
    assert {row.hostile for row in rows_of(tmp_path, "train")} == {""}


def test_an_unknown_class_or_action_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"hygiene\.rime"):
        SourceOptions.model_validate({"hygiene": {"rime": "drop"}})
    with pytest.raises(ValidationError, match="'translate', 'keep' or 'drop'"):
        SourceOptions.model_validate({"hygiene": {"rhyme": "delete"}})


@pytest.mark.parametrize("bad", [[], [None]])
def test_a_source_of_nothing_but_hostile_rows_is_an_error(tmp_path: Path, bad: list[object]) -> None:
    with pytest.raises(DataError) as caught:
        run(tmp_path, path=write_lines(tmp_path / "a.jsonl", [*HOSTILE_ROWS[:1], *bad]), on_bad_row="drop", heldout=0)
    assert "no row is left" in caught.value.message and "1 rhyme" in caught.value.message
    assert "source.hygiene" in (caught.value.hint or "")


def test_hostile_rows_are_not_blamed_as_malformed(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        run(tmp_path, path=write_lines(tmp_path / "a.jsonl", [*alpaca_rows(4), *HOSTILE_ROWS, None]))
    assert "1 of 8 rows is malformed" in caught.value.message and "a.jsonl:5" not in caught.value.message


def test_the_seed_set_keeps_all_of_its_rows(tmp_path: Path) -> None:
    count = run(tmp_path, path="seed", heldout=40)
    assert (count.rows_in, count.rows_kept, count.dropped) == (314, 314, {})
    assert not any(name.startswith("hostile") for name in count.counters)
