"""Large blocks go back to the system when they are freed, whatever lies between them."""

import platform

import pytest

from given_back import measure_after

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such limit")

ASK = "from taco.model.allocator import give_back_large_blocks\ngive_back_large_blocks()"


def test_what_lies_between_large_blocks_does_not_hold_them() -> None:
    assert measure_after(ASK) > 250
    assert measure_after("") < 50


def test_a_users_limit_stays() -> None:
    assert measure_after(ASK, MALLOC_MMAP_THRESHOLD_=str(2**25)) < 50
