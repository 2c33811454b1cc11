"""`--to adapter`: the adapter in PEFT's form with a card and the tokenizer, ready to be published."""

from __future__ import annotations

import json
import shutil

from taco.errors import PublishError
from taco.export.job import Job
from taco.export.training import name_base
from taco.model.chat_form import complete_chat_template
from taco.model.libraries import quiet_libraries
from taco.model.load import load_tokenizer
from taco.store.files import disk_faults, write_atomically


def write(job: Job) -> None:
    """Copy the adapter, name its base as strangers know it, and put the tokenizer with its chat template beside it."""
    source = job.run.adapter
    if not (source / "adapter_config.json").is_file():
        raise PublishError(
            f"{source} holds no adapter: all weights were tuned.", hint="Export the model: taco export RUN --to merged."
        )
    with disk_faults(job.out):
        shutil.copyfile(source / "adapter_model.safetensors", job.out / "adapter_model.safetensors")
        settings = json.loads((source / "adapter_config.json").read_bytes())
    settings["base_model_name_or_path"] = name_base(job.base)
    text = json.dumps(settings, indent=2, sort_keys=True)
    write_atomically(job.out / "adapter_config.json", [text.encode(), b"\n"])
    tokenizer = load_tokenizer(job.base)
    complete_chat_template(tokenizer)
    with quiet_libraries(), disk_faults(job.out):
        tokenizer.save_pretrained(job.out)
