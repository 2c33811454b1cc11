"""Many texts in step give what each of them gives alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taco.languages.batch import MOST_BYTES, identify_batch
from taco.languages.identify import SURE, identify_prose
from taco.languages.table import find_language

TEXTS = [
    "Este é un texto en galego sobre a vida na aldea.",
    "This is a text about life in the village, the work in the fields and the feasts of the summer.",
    "",
    "123 + 4",
    "यो गाउँको जीवनको बारेमा नेपाली भाषामा लेखिएको पाठ हो।",
    "這個地方很漂亮，我們明天再來。",
    "这个地方很漂亮，我们明天再来。",
    "ТЕКСТ О ЖИЗНИ В ДЕРЕВНЕ",
    "a\ud800b",
    "unha frase longa " * (MOST_BYTES // 10),
]


@pytest.mark.parametrize("code", ["gl", "ast", "ne", "mai", "eo", "zh-Hans", "sr", "sm", "kw"])
def test_a_batch_gives_what_single_texts_give(code: str) -> None:
    target = find_language(code)
    found = identify_batch(TEXTS * 2, target=target)
    for text, one in zip(TEXTS * 2, found, strict=True):
        alone = identify_prose(text, target=target)
        assert one.distribution == pytest.approx(alone.distribution, abs=1e-4)
        assert (one.script_share, one.knows_target, one.signature) == (
            alone.script_share,
            alone.knows_target,
            alone.signature,
        )
        if max(alone.distribution.values(), default=0.0) > SURE + 0.001:
            assert one.best == alone.best
    assert found[: len(TEXTS)] == found[len(TEXTS) :]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=16, max_size=30))
def test_any_texts_do(texts: list[str]) -> None:
    target = find_language("gl")
    for text, one in zip(texts, identify_batch(texts, target=target), strict=True):
        assert one.distribution == pytest.approx(identify_prose(text, target=target).distribution, abs=1e-4)
