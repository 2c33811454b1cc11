"""An adapter whose text is a jumble of tokens."""

from __future__ import annotations

from pathlib import Path


def save_jumble(base: Path, folder: Path, *, seed: int = 1) -> Path:
    """Save an adapter of large random weights and return its folder."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from taco.model.libraries import quiet_libraries

    config = LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
        init_lora_weights=False,
        task_type="CAUSAL_LM",
    )
    with quiet_libraries(), torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
        for name, weight in model.named_parameters():
            if "lora_" in name:
                weight.normal_(0, 0.5)
        model.save_pretrained(folder)
    return folder
