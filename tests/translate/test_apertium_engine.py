"""Apertium itself, where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mangling import translate_one

from taco.errors import EngineError
from taco.languages.table import ENGLISH, find_language
from taco.records import Drop, TranslatedRow
from taco.translate.apertium.engine import ApertiumEngine, open_apertium
from taco.translate.apertium.modes import Mode, find_folder, find_path, list_modes
from taco.translate.apertium.options import ApertiumOptions
from taco.translate.apertium.pipeline import Pipeline
from taco.translate.apertium.versions import make_signature
from taco.translate.engine import prepare
from taco.translate.slots import SLOT, make_slot

SENTENCES = [f"The {size} cat eats {count} fish." for size in ("big", "small", "old") for count in range(2, 12)]
HOSTILE = ("^", "$", "/", "[", "]", "@", "\\", "{", "}", "<", ">", "*", "#", "~", "|", "\0", "\x1b", "`", "%", "&", "’")
FAULT_SIGNS = "*#@^"


def open_pair(code: str, *, processes: int = 1) -> ApertiumEngine:
    language = find_language(code)
    if not find_path(list_modes(find_folder(None)), source="eng", target=language.iso639_3):
        pytest.skip(f"needs Apertium's pairs from English to {language.name}")
    return open_apertium(ApertiumOptions(processes=processes), source=ENGLISH, target=language)


@pytest.fixture(scope="module")
def galician() -> Iterator[ApertiumEngine]:
    with open_pair("gl", processes=2) as engine:
        yield engine


@pytest.mark.embedded
def test_processes_side_by_side_answer_as_one_does(galician: ApertiumEngine) -> None:
    one_by_one = [galician.translate([text])[0] for text in SENTENCES]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(galician.translate, [SENTENCES] * 4))
    assert together == [one_by_one] * 4
    assert len({answer.text for answer in one_by_one}) == len(SENTENCES)
    assert "gato" in one_by_one[0].text


@pytest.mark.embedded
def test_unknown_words_are_counted_and_their_marks_removed(galician: ApertiumEngine) -> None:
    (answer,) = galician.translate(["The flumpish cat sees a Grobnik."])
    assert answer.unknown_words == 2
    assert answer.words == 6
    assert "flumpish" in answer.text and "Grobnik" in answer.text
    assert not set(answer.text) & set(FAULT_SIGNS)


@pytest.mark.embedded
def test_slots_come_back(galician: ApertiumEngine) -> None:
    text = f"Open {make_slot(0, is_word=True)} in {make_slot(1, is_word=False)}the house{make_slot(2, is_word=False)}."
    (answer,) = galician.translate([text])
    assert SLOT.findall(answer.text) == SLOT.findall(text)
    assert "casa" in answer.text


@pytest.mark.embedded
def test_a_killed_pipeline_is_replaced() -> None:
    class Mortal(Pipeline):
        started: list[Mortal] = []  # noqa: RUF012 - all of them, on purpose

        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[arg-type]
            self.started.append(self)

        def kill(self) -> None:
            for process in self._processes:
                process.kill()
                process.wait()

    open_pair("gl").close()
    path = find_path(list_modes(find_folder(None)), source="eng", target="glg")
    assert path
    with ApertiumEngine(path, processes=1, timeout_s=30, signature=make_signature(path), start=Mortal) as engine:
        before = engine.translate(SENTENCES)
        Mortal.started[0].kill()
        assert engine.translate(SENTENCES) == before
        assert len(Mortal.started) > 1


@pytest.mark.embedded
def test_a_language_without_a_direct_pair_is_reached_through_another() -> None:
    with open_pair("ast") as engine:
        (answer,) = engine.translate(["The house is red."])
        assert "eng-spa+spa-ast" in engine.signature
    assert answer.text == "La casa ye colorada."


@pytest.mark.embedded
def test_quotes_that_rules_would_double_are_cut_at() -> None:
    with open_pair("eo") as engine:
        (answer,) = engine.translate(['Click on the "Settings" icon which looks like a gear.'])
    assert answer.refusal == ""
    assert answer.text.count('"') == 2


@pytest.mark.embedded
@pytest.mark.parametrize("sign", HOSTILE)
def test_a_hostile_sign_survives(galician: ApertiumEngine, sign: str) -> None:
    texts = [
        f"the cat {sign} the dog",
        f"{sign}cat dog{sign}",
        f"the cat{sign}dog sleeps",
        f"a {sign}{sign} cat {sign}",
    ]
    kept = "'" if sign == "’" else sign
    for text, answer in zip(texts, galician.translate(texts), strict=True):
        if not answer.refusal:
            assert answer.text.count(kept) == text.count(sign), (text, answer.text)
    assert not galician.translate(texts[:1])[0].refusal


@pytest.mark.embedded
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from([*HOSTILE, "cat", "the dogs", "flumpish", "5", ".", " ", " ", "😀", "ñ", "的"]), max_size=12
    )
)
def test_a_hostile_row_is_whole_or_dropped(galician: ApertiumEngine, parts: list[str]) -> None:
    text = "".join(parts)
    row = translate_one(galician, text)
    assert isinstance(row, TranslatedRow | Drop)
    if isinstance(row, TranslatedRow):
        for sign in "^$/[]@\\{}<>*#~|\0":
            assert row.response.count(sign) == text.count(sign), (text, row.response)
    assert galician.translate(["The cat sleeps."]) == galician.translate(["The cat sleeps."])


@pytest.mark.embedded
def test_the_signature_names_the_packages(galician: ApertiumEngine) -> None:
    assert galician.signature.startswith("apertium en-gl (")
    assert "apertium-en-gl" in galician.signature
    assert "; stream 2)" in galician.signature


@pytest.mark.parametrize(("code", "packages"), [("gl", "apertium-en-gl"), ("ast", "apertium-eng-spa apertium-spa-ast")])
def test_what_is_missing_is_named_with_the_command_that_installs_it(
    code: str, packages: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("APERTIUM_PATH", raising=False)
    with pytest.raises(EngineError, match="Apertium is not installed") as caught:
        open_apertium(ApertiumOptions(), source=ENGLISH, target=find_language(code))
    assert caught.value.hint.endswith(f"sudo apt-get install -y apertium {packages}")


def test_a_missing_pair_is_named_without_apertium_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "lt-proc"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    options = ApertiumOptions(modes=tmp_path)
    with pytest.raises(EngineError, match="has no way from English to Galician") as caught:
        open_apertium(options, source=ENGLISH, target=find_language("gl"))
    assert caught.value.hint.endswith("sudo apt-get install -y apertium-en-gl")
    with pytest.raises(EngineError) as caught:
        open_apertium(options, source=ENGLISH, target=find_language("yo"))
    assert "No Debian package leads from English to Yoruba" in caught.value.hint


class Counted(Pipeline):
    """Remembers every pipeline that was started."""

    started: list[Counted]

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.started.append(self)

    def is_ended(self) -> bool:
        return not self._processes


@pytest.mark.embedded
@pytest.mark.parametrize("is_used", [True, False])
def test_pipelines_that_are_prepared_are_used_and_none_is_left_behind(is_used: bool) -> None:
    open_pair("gl").close()
    path = find_path(list_modes(find_folder(None)), source="eng", target="glg")
    assert path
    Counted.started = []
    with ApertiumEngine(path, processes=2, timeout_s=30, signature="x", start=Counted) as engine:
        prepare(engine)
        if is_used:
            assert "gato" in engine.translate(["The cat sleeps."])[0].text
            assert "gatos" in engine.translate(["The cats sleep."])[0].text
    assert len(Counted.started) == 2
    assert all(pipeline.is_ended() for pipeline in Counted.started)


def test_a_pipeline_that_cannot_start_is_an_error_of_the_first_call(tmp_path: Path) -> None:
    mode = tmp_path / "en-xx.mode"
    mode.write_text("no-such-program")
    with ApertiumEngine([Mode("en-xx", "eng", "xxx", mode)], processes=2, timeout_s=5, signature="x") as engine:
        prepare(engine)
        with pytest.raises(EngineError, match="Cannot start"):
            engine.translate(["one"])
