"""The card of a model: numbers of the run only, licences on the strict side, nothing that breaks out of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from taco.evaluate.scores import Scores
from taco.languages.table import find_language
from taco.publish.model.card import ModelFacts, render_texts
from taco.publish.model.lineage import Lineage, render_lineage
from taco.store.manifest import Manifest, StageEntry

HOSTILE = "```\n</pre><script>alert(1)</script>\n# Heading |x|"


def make_lineage(
    licences: Iterable[str] = ("CC0-1.0",),
    *,
    base: str = "Apache-2.0",
    engines: Iterable[str] = ("apertium eng-glg (x)",),
) -> Lineage:
    return Lineage(
        base="owner/base",
        base_licence=base,
        rows={"hf:databricks/databricks-dolly-15k": Counter(licences)},
        engines=frozenset(engines),
    )


def render(
    *,
    prompt: str = "PROMPT",
    lineage: Lineage | None = None,
    scores: Scores | None = None,
    outdated: tuple[str, ...] = (),
    train: Mapping[str, object] | None = None,
) -> dict[str, str]:
    facts = ModelFacts(
        name="made-gl",
        language=find_language("gl"),
        about="one GGUF file",
        use="llama-server --model m.gguf",
        use_language="sh",
        prompt=prompt,
        library="gguf",
        base_digest="ab" * 32,
    )
    stages = {
        "source": StageEntry(key="k", status="done", rows_in=4321, rows_kept=4299, dropped={"duplicate": 22}),
        "train": StageEntry(
            key="k", status="done", rows_in=4290, rows_kept=4288, counters={"steps": 715, "final_loss": 0.875}
        ),
    }
    manifest = Manifest(
        name="made-gl", seed=29, versions={"peft": "0.21.2"}, recipe={"train": train or {"rank": 48}}, stages=stages
    )
    return render_texts(facts, manifest=manifest, lineage=lineage or make_lineage(), scores=scores, outdated=outdated)


def test_every_number_is_of_the_run() -> None:
    card = render()["README.md"]
    for shown in ("4,321", "4,299", "duplicate 22", "4,288", "715", "0.875", "29", "`0.21.2`", "`48`", "ab" * 32):
        assert shown in card
    assert "The run was not evaluated." in card
    body = card.split("## Scores")[1].split("## Known weaknesses")[0]
    found = set(re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)*(?!\w)", body))
    assert found <= {"4,321", "4,299", "22", "4,288", "715", "0.875", "29", "0.21.2", "48", "256"}


def test_the_front_matter_is_yaml_that_the_hub_reads() -> None:
    yaml = pytest.importorskip("yaml", reason="needs the extra [dataset]")
    card = render(lineage=make_lineage(["CC-BY-NC-4.0", "CC-BY-SA-3.0"]))["README.md"]
    fields = yaml.safe_load(card.split("---")[1])
    assert fields["license"] == "other"
    assert (fields["license_name"], fields["license_link"]) == ("mixed", "LICENSE.md")
    assert fields["language"] == ["gl", "en"]
    assert fields["base_model"] == "owner/base"


def test_hostile_texts_stay_inside_their_block() -> None:
    card = render(prompt=HOSTILE)["README.md"]
    assert f"````\n{HOSTILE}\n````" in card
    assert "<script>" not in card.replace(HOSTILE, "")


@pytest.mark.parametrize(
    ("lineage", "hub", "warned"),
    [
        (make_lineage(), "apache-2.0", ()),
        (make_lineage(["CC-BY-NC-4.0"]), "cc-by-nc-4.0", ()),
        (make_lineage(["CC-BY-SA-3.0"]), "cc-by-sa-3.0", ()),
        (make_lineage(["CC-BY-NC-4.0", "CC-BY-SA-3.0"]), "other", ("cannot be met by one adapted work",)),
        (make_lineage(base=""), "unknown", ("base model is not stated",)),
        (make_lineage(["CC0-1.0"], base="ODC-By-1.0"), "odc-by", ()),
        (make_lineage(base="llama2"), "other", ("llama2",)),
        (make_lineage(engines=["google v3 (eng-glg)"]), "other", ("google",)),
    ],
)
def test_licences_add_up_on_the_strict_side(lineage: Lineage, hub: str, warned: tuple[str, ...]) -> None:
    assert lineage.combination.hub == hub
    text = render_lineage(lineage)
    for word in warned:
        assert re.search(rf"- Warning: .*{word}", text)
    assert ("Warning" in text) == bool(warned)
    assert "Some inputs are from Wikipedia" in text  # the note of the source


def test_a_licence_that_covers_all_is_named_as_such() -> None:
    assert "the model is under ODC-By-1.0." in render_lineage(make_lineage(base="ODC-By-1.0"))
    assert "No one licence" in render_lineage(make_lineage(base=""))


def test_rows_of_other_runs_count_too() -> None:
    own = make_lineage()
    both = replace(own, rows={**own.rows, "hf:tatsu-lab/alpaca": Counter({"CC-BY-NC-4.0": 1234})})
    assert both.combination.hub == "cc-by-nc-4.0"
    assert "| 1,234 training rows | `hf:tatsu-lab/alpaca` | CC-BY-NC-4.0" in render_lineage(both)


def test_a_base_in_a_folder_is_not_named_to_the_hub() -> None:
    card = render(lineage=replace(make_lineage(), base="./my-base"))["README.md"]
    assert "base_model" not in card.split("---")[1]
    assert "`./my-base`" in card


def test_what_is_not_of_this_adapter_is_said() -> None:
    assert "may not be its own" not in render()["README.md"]
    assert "may not be its own" in render(outdated=("train",))["README.md"]
    for stage in ("generate", "evaluate"):
        card = render(scores=Scores.model_construct(rows=4711), outdated=(stage,))["README.md"]
        assert "they are left out" in card
        assert "4711" not in card


def test_no_setting_tells_where_files_lie() -> None:
    stages = [{"name": "both", "rows": ["chain", "/home/ann/secret/eo"], "template": "~/mine.toml"}]
    card = render(train={"stages": stages, "templates": ["/home/ann/t.toml"]})["README.md"]
    assert "eo" in card
    assert "t.toml" in card
    assert not re.search(r"/home|ann|secret|~", card)


def test_the_licence_file_says_the_same() -> None:
    texts = render()
    assert render_lineage(make_lineage()) in texts["LICENSE.md"]
    assert render_lineage(make_lineage()) in texts["README.md"]
