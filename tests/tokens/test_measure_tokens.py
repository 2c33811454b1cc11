"""Tokens of an example, part by part: nothing is lost, and every part is counted where it is."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.chain.formats import find_template, list_formats
from taco.chain.template import make_chain
from taco.errors import DataError
from taco.languages.table import find_language
from taco.model.options import ModelOptions
from taco.model.prompt import end_token_id
from taco.model.tokenizer import open_tokenizer
from taco.progress import SilentProgress
from taco.records import Example
from taco.tokens.fit import find_fit
from taco.tokens.measure import RowTokens, count_tokens, measure_example
from taco.train.tokens import encode_example

GALICIAN = find_language("gl")
TEMPLATES = [template.name for one in list_formats().values() for template in one.templates]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    cache = tmp_path_factory.mktemp("cache")
    found, signature = open_tokenizer(ModelOptions(base=str(tiny_base)), cache=cache, progress=SilentProgress())
    assert signature.startswith(f"{tiny_base}, {len(found)} tokens, files ")
    return found


def make_example(template_name: str, prompt: str, *sections: str) -> Example:
    template = find_template(template_name)
    chain = make_chain(dict(zip(template.section_names, sections, strict=False)))
    return Example(
        id="r1",
        language="gl",
        category="",
        template=template.name,
        system=template.system(GALICIAN),
        prompt=prompt,
        completion=template.render(chain, GALICIAN),
        chain=chain,
    )


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(TEMPLATES), prompt=texts, sections=st.tuples(texts, texts, texts))
def test_the_parts_add_up_to_what_is_trained_on(
    tokenizer: Any, name: str, prompt: str, sections: tuple[str, str, str]
) -> None:
    try:
        example = make_example(name, prompt, *sections)
    except DataError:
        assert name == "taco-paper"
        return
    end = end_token_id(tokenizer)
    counted = measure_example(example, tokenizer, end=end, language=GALICIAN, cuts=((1, 1.0),))
    assert counted.total == len(encode_example(example, tokenizer, end=end).input_ids)
    assert all(tokens >= 0 for part, tokens in counted.parts.items() if part != "frame")
    assert list(counted.parts) == ["frame", "prompt", *find_template(name).section_names, "labels"]


def test_sections_are_counted_where_they_are(tokenizer: Any) -> None:
    example = make_example("taco", "Que fas?", "What do you do?", "I stay at home.", "Quedo na casa.")
    counted = measure_example(
        example, tokenizer, end=end_token_id(tokenizer), language=GALICIAN, cuts=((1, 0.5), (2, 1.0))
    )
    alone = count_tokens(["What do you do?", "I stay at home.", "Quedo na casa."], tokenizer)
    for name, expected in zip(("instruction_en", "response_en", "response"), alone, strict=True):
        assert abs(counted.parts[name] - expected) <= 1  # its first token may hold the line end before it
    assert counted.responses == counted.parts["response_en"] + counted.parts["response"]
    assert (
        measure_example(
            make_example("question-translation", "Que fas?", "What do you do?"),
            tokenizer,
            end=end_token_id(tokenizer),
            language=GALICIAN,
            cuts=((1, 1.0),),
        ).cuts
        == ()
    )


def test_the_best_length_is_the_largest_with_which_nearly_all_fit() -> None:
    cuts = ((1, 0.25), (2, 0.5), (3, 0.75), (4, 1.0))
    row = RowTokens(parts={"prompt": 20, "response": 80}, responses=80, cuts=cuts)
    short = RowTokens(parts={"prompt": 20, "response": 10}, responses=10, cuts=((1, 1.0),))
    stiff = RowTokens(parts={"prompt": 100}, responses=0, cuts=())
    assert find_fit([row, short], 100).best_sentences is None
    assert find_fit([row, short], 80).best_sentences == 3
    assert find_fit([row, short], 45).best_sentences == 1
    assert find_fit([row, short], 30).best_sentences == 0
    nearly_all = [row] * 99 + [stiff]
    fit = find_fit(nearly_all, 60)
    assert (fit.over, fit.share_over, fit.over_shortened, fit.best_sentences) == (100, 1.0, 1, 2)
    assert find_fit([*nearly_all, stiff], 60).best_sentences == 0
