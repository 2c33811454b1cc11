"""`--to ctranslate2`: the tuned model in CTranslate2's form, its tokenizer beside it."""

from __future__ import annotations

import shutil
from typing import get_args

from taco.export.folder import WORK
from taco.export.job import Job, merge
from taco.model.convert.ctranslate2 import convert_model
from taco.model.convert.weights import Ct2Weights
from taco.store.files import disk_faults


def write(job: Job) -> None:
    """Write base and adapter in CTranslate2's form."""
    folder = merge(job)
    job.progress.say(f"Converting for CTranslate2 ({job.weights}).")
    weights = next(one for one in get_args(Ct2Weights) if one == job.weights)
    converted = job.out / WORK / "converted"
    shutil.rmtree(converted, ignore_errors=True)
    convert_model(folder, converted, weights=weights)
    with disk_faults(job.out):
        for path in converted.iterdir():
            path.replace(job.out / path.name)
