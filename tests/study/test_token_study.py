"""The token study: sections add up, ratios and best lengths are those of the texts, faults are named."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from taco.chain.formats import find_template
from taco.chain.template import SECTIONS, make_chain
from taco.cli.app import app
from taco.errors import DataError, ModelError, RecipeError
from taco.languages.table import find_language
from taco.measure.bootstrap import Bootstrap
from taco.model.tokenizer import open_tokenizer_file
from taco.progress import SilentProgress
from taco.study.form import load_study
from taco.study.tokens.count import TextTokens, count_text
from taco.study.tokens.length import count_words_that_fit, find_best_lengths
from taco.study.tokens.options import TokenStudy
from taco.study.tokens.run import run_tokens
from taco.study.tokens.show import name_best
from taco.study.tokens.texts import StudyText

GALICIAN = find_language("gl")
BOOTSTRAP = Bootstrap(samples=200, confidence=0.95, seed=1)


def render(number: int, *, response: str = "Chove moito hoxe. Quedamos na casa.") -> str:
    texts = {"instruction_en": f"Ask {number}", "response_en": "It rains. We stay at home.", "response": response}
    return find_template("taco-paper").render(make_chain(texts), GALICIAN)


def write_study(folder: Path, tokenizer: Path, more: str = "") -> Path:
    answers = folder / "answers"
    answers.mkdir(exist_ok=True)
    for number in range(1, 6):
        (answers / f"{number}.txt").write_text(render(number), encoding="utf-8")
    (answers / "6.txt").write_text("Instruction in English: Ask 6 again and again and again", encoding="utf-8")
    questions = [{"id": number, "question": f"Pregunta {number}"} for number in range(1, 7)]
    (folder / "questions.json").write_text(json.dumps(questions), encoding="utf-8")
    path = folder / "tokens.toml"
    path.write_text(
        f'name = "made"\ncontexts = [30, 4000]\nbootstrap_samples = 100\n{more}[[texts]]\nname = "answers"\n'
        f'path = "{answers}"\nquestions = "{folder / "questions.json"}"\nlanguage = "Galician"\n'
        f'[[tokenizers]]\nname = "tiny"\npath = "{tokenizer}"\n',
        encoding="utf-8",
    )
    return path


def test_means_are_over_complete_answers_and_the_total_over_all(tmp_path: Path, tiny_base: Path) -> None:
    study = load_study(write_study(tmp_path, tiny_base / "tokenizer.json"), TokenStudy)
    results, paths = run_tokens(study, folder=tmp_path / "out", cache=tmp_path / "cache", progress=SilentProgress())
    (found,) = results.summaries
    tokenizer, _ = open_tokenizer_file(tiny_base / "tokenizer.json")
    lengths = [len(tokenizer(render(number), add_special_tokens=False)["input_ids"]) for number in range(1, 6)]
    assert (found.n, found.complete) == (6, 5)
    assert sum(one.value or 0 for one in found.sections.values()) == pytest.approx(sum(lengths) / 5)
    assert found.total.n == 6
    assert found.overhead is not None
    response = found.sections["response"].value
    assert response
    assert found.overhead.value == pytest.approx(sum(lengths) / 5 / response - 1, abs=1e-3)
    assert found.prompt is not None
    small, large = found.lengths
    assert (small.over, small.sentences, small.words.value) == (5, 0, 0)
    assert (large.over, large.sentences) == (0, None)
    assert large.words.value
    assert "4,000: responses of up to" in name_best(found, large)
    assert [path.name for path in paths] == ["tokens.json", "tokens.md", "tokens.svg"]
    assert "answers, tiny" in paths[1].read_text(encoding="utf-8")
    assert json.loads(paths[0].read_text(encoding="utf-8"))["inputs"]["answers: 6.txt"]


def test_the_command_prints_the_best_lengths_and_does_it_again(tmp_path: Path, tiny_base: Path) -> None:
    path = write_study(tmp_path, tiny_base / "tokenizer.json")
    call = ["study", "tokens", str(path), "--studies", str(tmp_path / "studies"), "--quiet"]
    first, second = (CliRunner().invoke(app, call) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert "answers, tiny, context 30: no response is short enough" in first.output
    assert first.output == second.output


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=60))
def test_sections_and_the_rest_are_the_text(tiny_base: Path, response: str) -> None:
    tokenizer, _ = open_tokenizer_file(tiny_base / "tokenizer.json")
    row = StudyText(id="1", template="taco-paper", text=render(1, response=response), system="", prompt="")
    found = count_text(row, tokenizer, GALICIAN)
    assert sum(found.sections.values()) + found.other == found.total
    assert found.other >= 0


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 60), st.integers(0, 200), st.integers(1, 3000))
def test_so_many_words_fit_and_one_more_does_not(
    english: int, target: int, words: int, fixed: int, context: int
) -> None:
    one = TextTokens(
        id="1",
        state="complete",
        total=english + target + fixed,
        frame=0,
        prompt=0,
        sections={"response_en": english, "response": target},
        characters={},
        words_en=words,
        cuts=(),
    )
    fitting = count_words_that_fit(one, context)
    price = (english + target) / words
    assert fitting == 0 or fixed + 1 + fitting * price <= context + 1e-6
    assert fixed + 1 + (fitting + 1) * price > context - 1e-6
    assert count_words_that_fit(one, context, with_english=False) >= fitting


def test_texts_without_both_responses_have_no_best_length() -> None:
    assert find_best_lengths([], [100], fitting=0.95, bootstrap=BOOTSTRAP) == ()


def test_the_quantile_is_the_value_that_few_are_below() -> None:
    values = [float(number) for number in range(1, 101)]
    found = BOOTSTRAP.estimate_quantile(values, 0.05)
    assert found.value == 6.0
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 6.0 <= found.high


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("contexts = [0]\n", "a context has 1 token or more"),
        ("fitting = 2\n", "fitting"),
        ('[[tokenizers]]\nname = "none"\n', "one of path and base must be given"),
        ('[[texts]]\nname = "a"\npath = "b"\nlanguage = "Klingon"\n', "There is no language 'Klingon'"),
        ('[[texts]]\nname = "a"\npath = "b"\ntemplate = "tac"\n', "There is no chain format 'tac'"),
        ("colour = 1\n", "there is no such setting"),
    ],
)
def test_faults_of_the_file_are_named(tmp_path: Path, tiny_base: Path, more: str, fault: str) -> None:
    path = write_study(tmp_path, tiny_base / "tokenizer.json")
    text = path.read_text(encoding="utf-8").replace("contexts = [30, 4000]\n", "" if "contexts" in more else "\n")
    path.write_text(more + text if "[[" not in more else text + more, encoding="utf-8")
    with pytest.raises(RecipeError) as error:
        load_study(path, TokenStudy)
    assert fault in str(error.value)


def test_rubbish_is_refused(tmp_path: Path, tiny_base: Path) -> None:
    rubbish = tmp_path / "tokenizer.json"
    rubbish.write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="is no tokenizer"):
        open_tokenizer_file(rubbish)
    with pytest.raises(ModelError, match="is missing"):
        open_tokenizer_file(tmp_path / "nothing.json")
    study = load_study(write_study(tmp_path, tiny_base / "tokenizer.json"), TokenStudy)
    gone = study.texts[0].model_copy(update={"path": tmp_path / "nowhere"})
    broken = study.model_copy(update={"texts": (gone,)})
    with pytest.raises(DataError, match="nowhere does not exist"):
        run_tokens(broken, folder=tmp_path / "out", cache=tmp_path, progress=SilentProgress())
    nameless = study.model_copy(update={"texts": (study.texts[0].model_copy(update={"language": ""}),)})
    with pytest.raises(RecipeError, match="language must be given"):
        run_tokens(nameless, folder=tmp_path / "out", cache=tmp_path, progress=SilentProgress())


RELEASE = Path(__file__).parents[3] / "shared" / "data" / "taco-release"
"""The authors' answers, where they lie beside the repository."""
LLAMA = os.environ.get("TACO_LLAMA_TOKENIZER", "")
"""A tokenizer.json of LLaMA, made by tools/make_llama_tokenizer.py."""


@pytest.mark.skipif(not RELEASE.is_dir() or not LLAMA, reason="needs the paper's release and TACO_LLAMA_TOKENIZER")
@pytest.mark.parametrize(
    ("folder", "language", "total", "parts", "characters"),
    [("nepali", "ne", 819.8, (28, 139, 584), 0.93), ("persian", "fa", 739.7, (29, 151, 536), 1.05)],
)
def test_the_released_answers_cost_what_they_cost(
    tmp_path: Path, folder: str, language: str, total: float, parts: tuple[int, int, int], characters: float
) -> None:
    # Totals: llama-tokenizer-js 1.2.2 on the 80 answers of each language, run with Node 20.
    texts = {"name": "released", "path": RELEASE / folder / "responses", "language": language}
    tokenizer = {"name": "LLaMA", "path": Path(LLAMA)}
    study = TokenStudy.model_validate(
        {"name": "made", "texts": [texts], "tokenizers": [tokenizer], "bootstrap_samples": 100}
    )
    results, _ = run_tokens(study, folder=tmp_path, cache=tmp_path, progress=SilentProgress())
    (found,) = results.summaries
    assert found.total.value == pytest.approx(total, abs=0.1)
    assert [round(found.sections[name].value or 0) for name in SECTIONS] == list(parts)
    assert found.characters_per_token["response"].value == pytest.approx(characters, abs=0.005)
