"""Trackers of experiments, which transformers' own callbacks tell the losses: off unless a recipe asks for them."""

from __future__ import annotations

import importlib.util

from taco.errors import ModelError
from taco.train.options import TrainOptions

MODULES = {
    "tensorboard": ("tensorboard", "tensorboardX"),
    "wandb": ("wandb",),
    "trackio": ("trackio",),
    "mlflow": ("mlflow",),
}
"""Tracker -> the modules of which one must be installed."""


def check_trackers(options: TrainOptions) -> None:
    """Check that the trackers asked for are installed.

    Raises:
        ModelError: One is not.
    """
    missing = [name for name in options.trackers if not any(map(importlib.util.find_spec, MODULES[name]))]
    if missing:
        raise ModelError(
            f"The trackers that train.trackers asks for are not installed: {', '.join(missing)}.",
            hint=f"pip install {' '.join(missing)}; or leave train.trackers out, train/log.jsonl holds the same losses.",
        )
