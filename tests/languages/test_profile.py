"""N-gram profiles: what they hold, and what they make of texts."""

import hashlib
import json
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.languages.profile import (
    BITS,
    MOST_CHARACTERS,
    ORDERS,
    find_buckets,
    learn_costs,
    load_profiles,
    measure_shares,
    read_letters,
)
from taco.languages.table import find_language

FOLDER = resources.files("taco.languages")


def test_the_file_is_what_its_description_says() -> None:
    about = json.loads(FOLDER.joinpath("udhr.json").read_text())
    content = FOLDER.joinpath("udhr.npy").read_bytes()
    assert hashlib.sha256(content).hexdigest() == about["sha256"]
    profiles = load_profiles()
    assert profiles.costs.shape == (len(about["languages"]), 1 << BITS) and profiles.costs.dtype == np.uint8
    assert (tuple(about["orders"]), about["bits"]) == (ORDERS, BITS)
    assert all(find_language(code).code == code for code in profiles.places)
    assert {"ne", "mai", "sa", "bho", "hi", "fa", "gl", "ast", "eo", "an"} <= set(profiles.places)
    assert profiles.signature == "taco profile udhr 1"


def test_the_rows_are_mapped_not_read() -> None:
    assert isinstance(load_profiles().costs, np.memmap)


def test_a_bucket_does_not_depend_on_the_machine() -> None:
    """The shipped rows are of no use where buckets are numbered otherwise; numbers worked out with Python's integers."""
    multiplier, mask = 0x9E3779B97F4A7C15, (1 << 64) - 1
    sums = (ord(" ") * multiplier + ord("a")) & mask
    expected = [((sums + 2) * multiplier & mask) >> 48]
    sums = (sums * multiplier + ord(" ")) & mask
    expected.append(((sums + 3) * multiplier & mask) >> 48)
    found = find_buckets(*read_letters(["a"]))
    assert [int(found[0][0][0]), int(found[1][0][0])] == expected


def test_learnt_rows_tell_their_texts_apart() -> None:
    rows = np.stack([learn_costs(["bababa baba"]), learn_costs(["dodo dododo"])])
    made = type(load_profiles())(name="made", version=3, places={"x": 0, "y": 1}, costs=rows)
    shares = measure_shares(["baba", "dodo", "", "zzz"], ["x", "y"], made)
    assert shares[0, 0] > 0.9 and shares[1, 1] > 0.9
    assert shares[2].tolist() == [0.5, 0.5] and shares[3].tolist() == pytest.approx([0.5, 0.5], abs=0.1)
    assert made.signature == "taco profile made 3"


def test_a_loop_is_hardly_surer_than_what_it_repeats() -> None:
    """Counted as often as they come, sequences would make twenty times the text sqrt(20) = 4.5 times as sure."""
    once, loop = measure_shares(["o sal é un grande ", "o sal é un grande " * 20], ["gl", "ast"], load_profiles())
    assert 1 < np.log(loop[0] / loop[1]) / np.log(once[0] / once[1]) < 3


def test_case_digits_and_marks_of_punctuation_do_not_count() -> None:
    plain, odd = measure_shares(["o ceo é azul", "  O CEO, é 3 azul!!"], ["gl", "es"], load_profiles())
    assert plain.tolist() == odd.tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_a_text_is_judged_by_itself_alone(texts: list[str]) -> None:
    codes = ["ast", "es", "ne", "en"]
    together = measure_shares(texts, codes, load_profiles())
    assert together.sum(axis=1) == pytest.approx(1.0)
    for text, row in zip(texts, together, strict=True):
        assert measure_shares([text], codes, load_profiles())[0] == pytest.approx(row, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_no_sequence_spans_two_texts(texts: list[str]) -> None:
    letters, ends = read_letters(texts)
    for order, (buckets, rows) in zip(ORDERS, find_buckets(letters, ends), strict=True):
        lengths = np.diff(ends, prepend=0)
        expected = [max(int(length) - order + 1, 0) for length in lengths]
        assert np.bincount(rows, minlength=len(texts)).tolist() == expected and len(buckets) == sum(expected)


def test_hostile_texts_do_no_harm() -> None:
    texts = ["\ud800\udfff a", "\x00" * 50, "é" * (MOST_CHARACTERS * 3), "\U0010ffff", "İ" * 99, "\u0301" * 50]
    shares = measure_shares(texts, ["ast", "en"], load_profiles())
    assert np.isfinite(shares).all() and shares.shape == (6, 2)
