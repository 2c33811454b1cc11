"""Distances between languages: those of a tree, and files of others that are checked."""

from itertools import combinations
from pathlib import Path

import pytest

from taco.errors import DataError
from taco.languages.distance import (
    find_family,
    measure_kinship_distance,
    measure_script_distance,
    read_distances,
)
from taco.languages.table import all_languages, find_language


def measure(one: str, other: str) -> float:
    return measure_kinship_distance(find_language(one), find_language(other))


def test_every_language_has_a_family_and_no_group_stands_in_two_places() -> None:
    parents: dict[str, tuple[str, ...]] = {}
    for language in all_languages():
        path = find_family(language)
        assert path
        assert all(group.strip() == group and group for group in path)
        for depth, group in enumerate(path):
            assert parents.setdefault(group, path[:depth]) == path[:depth], group


def test_distances_are_symmetric_from_0_to_1_and_0_for_itself_alone() -> None:
    for one, other in combinations(all_languages(), 2):
        distance = measure_kinship_distance(one, other)
        assert 0 < distance <= 1
        assert distance == measure_kinship_distance(other, one)
    assert all(measure_kinship_distance(one, one) == 0 for one in all_languages())


def test_kin_is_nearer_than_strangers() -> None:
    # Classifications of Glottolog 5 (https://glottolog.org): gl pt ast es ca fr hr eu are ever further from Galician.
    ways = [measure("gl", code) for code in ("pt", "ast", "ca", "ro", "hr", "eu")]
    assert ways == sorted(ways)
    assert ways[-1] == 1
    assert measure("ne", "mai") < measure("ne", "fa") < measure("ne", "ta") == 1
    assert measure("eo", "es") == 1


def test_scripts_are_the_same_or_not() -> None:
    assert measure_script_distance(find_language("hi"), find_language("ne")) == 0
    assert measure_script_distance(find_language("hi"), find_language("ur")) == 1


def test_a_file_of_distances_is_read_and_unknown_is_not_zero(tmp_path: Path) -> None:
    path = tmp_path / "typology.tsv"
    path.write_text("# made\ngl\tes\t0.35\nGalician\tAsturian\t-\n\n", encoding="utf-8")
    assert read_distances(path) == {frozenset(("gl", "es")): 0.35}


@pytest.mark.parametrize("line", ["gl es 0.3", "gl\tes\t2", "gl\tes\tnan", "gl\tKlingon\t0.3", "gl\tes\tfar", "\x00"])
def test_rubbish_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "typology.tsv"
    path.write_text(f"gl\tca\t0.3\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"typology\.tsv:2"):
        read_distances(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_distances(tmp_path / "nothing.tsv")
