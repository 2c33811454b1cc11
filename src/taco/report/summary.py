"""The top of the page: what was done, the headline numbers, and what they say."""

from __future__ import annotations

from taco.evaluate.metric import Metric
from taco.measure.bootstrap import Estimate
from taco.report.chart import ARM_TITLES, key_mark, list_keys
from taco.report.content import Finding, Report, StageFlow
from taco.report.interval_chart import draw_pair
from taco.report.markup import Child, Html, element
from taco.report.wording import NOT_RECORDED, write_count, write_interval, write_rows, write_value

TONE_MARKS = {"good": "●", "mixed": "◐", "bad": "○", "note": "i"}
TONE_WORDS = {"good": "high", "mixed": "in between", "bad": "low", "note": "to know"}
"""Tone -> how it is marked; told apart by shape and word as well as by colour."""


def show_header(report: Report) -> Html:
    """Show the title, what was done in one sentence, and the facts of the run."""
    facts = element("dl", *(_show_fact(name, text) for name, text in list_facts(report)), class_="facts")
    return element(
        "header",
        element("p", "taco report · ", element("span", report.name, class_="run-name"), class_="kicker"),
        element("h1", "Teaching a model ", _name_language(report)),
        element("p", describe_run(report), class_="lead"),
        facts,
    )


def describe_run(report: Report) -> str:
    """Say in one sentence what was done."""
    train = _find_stage(report, "train")
    taught = f" on {write_count(train.rows_kept)} machine-translated examples" if train else ""
    base = report.base or "The base model"
    rows = write_count(report.scores.rows)
    questions = f"{rows} held-out question{'' if report.scores.rows == 1 else 's'}"
    return (
        f"{base} was tuned{taught} to {_describe_task(report)}. Below, its answers to {questions} before (base) and after "
        "(tuned)."
    )


def _describe_task(report: Report) -> str:
    """Say what the held-out rows ask the model to write; without any, what the chain is."""
    name = report.language.name
    steps = {
        "instruction_en": "the question in English",
        "response_en": "the answer in English",
        "response": f"the answer in {name}",
    }
    asked = {tuple(step for step in steps if getattr(one.reference, step)) for one in report.samples}
    if len(asked) > 1:
        return f"translate between {name} and English"
    sections = asked.pop() if asked else tuple(steps)
    if "response" not in sections:
        return f"put {name} into English"
    if len(sections) == 1:
        return f"answer in {name}"
    return f"answer in {name} by way of English: {', '.join(steps[section] for section in sections)}"


def list_facts(report: Report) -> list[tuple[str, str]]:
    """Return the facts of the run as (name, text); "not recorded" where the manifest lacks one."""
    language = report.language
    return [
        ("Base model", report.base or NOT_RECORDED),
        ("Language", f"{language.name} ({language.autonym or language.name}, {language.code}, {language.script})"),
        ("Rows", _describe_rows(report)),
        ("Translation", _describe_translation(report)),
        ("Segments", _describe_segments(_find_stage(report, "translate"))),
        ("Training", _describe_training(report)),
    ]


def show_headlines(report: Report) -> Html:
    """Show the headline numbers as cards."""
    scores = report.scores
    spoken = "reply_in_target" if scores.knows_target else "script_share"
    names = ("complete_chain", spoken, "chrf_reply", "chrf_response_en")
    metrics = [metric for name in names if (metric := scores.find_metric(name))]
    keys = list_keys([(key_mark(arm), ARM_TITLES[arm]) for arm in ("base", "tuned")])
    interval = (
        f"In brackets: {100 * scores.bootstrap.confidence:g} % bootstrap interval over the held-out rows; exact bounds "
        "where a rate is 0 or 100 %."
    )
    return element(
        "section",
        element("h2", "In short"),
        element("p", report.headline, class_="headline"),
        element("div", *(_show_card(report, metric) for metric in metrics), class_="cards"),
        element("div", keys, element("p", interval, class_="small"), class_="under-cards"),
        id="short",
    )


def show_findings(report: Report) -> Html:
    """Show what the numbers say, and what they do not."""
    return element(
        "section",
        element("h2", "How good is the text?"),
        element("ul", *map(show_finding, report.findings), class_="findings panel"),
        id="findings",
    )


def show_finding(finding: Finding) -> Html:
    """Show one sentence with its topic and tone."""
    mark = element(
        "span",
        TONE_MARKS[finding.tone],
        class_=f"tone tone-{finding.tone}",
        role="img",
        aria_label=TONE_WORDS[finding.tone],
    )
    return element("li", mark, element("strong", finding.topic), element("span", finding.text))


def show_estimate(estimate: Estimate | None, metric: Metric, *, is_difference: bool = False) -> list[Child]:
    """Show a mean and its interval."""
    interval = write_interval(estimate, metric.unit, is_difference=is_difference)
    return [
        element("span", write_value(estimate, metric.unit, is_difference=is_difference), class_="value"),
        " " if interval else None,
        element("span", interval, class_="interval") if interval else None,
    ]


def _show_card(report: Report, metric: Metric) -> Html:
    arms = {arm: scores.metrics[metric.name] for arm, scores in report.scores.arms.items()}
    difference = report.scores.differences.get(metric.name)
    tuned = arms.get("tuned")
    return element(
        "article",
        element("h3", metric.title),
        element("p", *show_estimate(tuned, metric), class_="big"),
        draw_pair(metric, arms, title=metric.title),
        element(
            "dl",
            element("dt", "base"),
            element("dd", *show_estimate(arms.get("base"), metric)),
            element("dt", "tuned − base"),
            element("dd", *show_estimate(difference, metric, is_difference=True)),
            class_="versus",
        ),
        element("p", metric.meaning, class_="small"),
        element("p", element("strong", "Not shown: "), metric.limits, class_="small") if metric.limits else None,
        class_="card panel",
    )


def _show_fact(name: str, text: str) -> Html:
    return element("div", element("dt", name), element("dd", text))


def _name_language(report: Report) -> Html:
    return element("span", report.language.name, class_="language-name")


def _describe_rows(report: Report) -> str:
    train = _find_stage(report, "train")
    trained = f"{write_count(train.rows_kept)} to learn from" if train else f"training rows {NOT_RECORDED}"
    return f"{trained}, {write_count(report.scores.rows)} held out"


def _describe_translation(report: Report) -> str:
    """Name the engine, and say so where it stood in for another one."""
    if not report.engine:
        return NOT_RECORDED
    translate = _find_stage(report, "translate")
    fallback = translate.counters.get("fallback") if translate else None
    return f"{report.engine}, because the engine of the recipe was missing: {fallback}" if fallback else report.engine


def _describe_segments(translate: StageFlow | None) -> str:
    if translate is None:
        return NOT_RECORDED
    counters = {key: value for key, value in translate.counters.items() if isinstance(value, int | float)}
    labels = {
        "segments": "in all",
        "segments_from_memory": "of them in the translation memory before",
        "texts_sent": "different texts sent to the engine",
        "texts_lost": "of these lost in kills",
    }
    parts = [f"{write_count(counters[key])} {label}" for key, label in labels.items() if key in counters]
    if counters.get("words") and "unknown_words" in counters:
        parts.append(f"{100 * counters['unknown_words'] / counters['words']:.1f} % of words unknown to it")
    return ", ".join(parts) or NOT_RECORDED


def _describe_training(report: Report) -> str:
    train = _find_stage(report, "train")
    if train is None:
        return NOT_RECORDED
    parts = []
    for key, unit in (("steps", "steps"), ("supervised_tokens", "tokens learnt")):
        value = train.counters.get(key)
        if isinstance(value, int | float):
            parts.append(f"{write_count(value)} {unit}")
    loss = train.counters.get("final_loss")
    if isinstance(loss, int | float):
        parts.append(f"final loss {loss:.2f} nats a token")
    return ", ".join(parts) or f"{write_rows(train.rows_kept)}; steps {NOT_RECORDED}"


def _find_stage(report: Report, name: str) -> StageFlow | None:
    return next((stage for stage in report.flow if stage.name == name), None)
