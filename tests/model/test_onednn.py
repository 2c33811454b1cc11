"""oneDNN's products: how many kinds of them are kept, and that a user's own number stays."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="needs the extra [train]")

from taco.model import onednn

SCRIPT = """
import torch
from taco.model import onednn
onednn.bound_kept_products()
weight = torch.ones(64, 32)
for rows in [*range(1, onednn.KEPT_PRODUCTS + 41), 1]:
    onednn.multiply(torch.ones(rows, 32), weight, None)
"""


def count_made(**more: str) -> tuple[int, int]:
    """Return how often a product of one row was made anew, and how many products were made in all."""
    variables = {name: value for name, value in os.environ.items() if "_PRIMITIVE_CACHE_CAPACITY" not in name}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**variables, "ONEDNN_VERBOSE": "profile_create", **more},
        capture_output=True,
        text=True,
        check=True,
    )
    made = [line for line in done.stdout.splitlines() if "create:cache_miss" in line]
    return sum(",mb1ic32oc64," in line for line in made), len(made)


@pytest.mark.skipif(not onednn.is_x86(), reason="the operators are used on x86 alone")
def test_code_of_products_is_kept_for_a_bounded_number_of_them() -> None:
    again, made = count_made()
    assert made == onednn.KEPT_PRODUCTS + 41
    assert again == 2
    again, made = count_made(ONEDNN_PRIMITIVE_CACHE_CAPACITY="1024")
    assert made == onednn.KEPT_PRODUCTS + 40
    assert again == 1


def test_a_users_number_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", raising=False)
    monkeypatch.setenv("DNNL_PRIMITIVE_CACHE_CAPACITY", "7")
    onednn.bound_kept_products()
    assert "ONEDNN_PRIMITIVE_CACHE_CAPACITY" not in os.environ
