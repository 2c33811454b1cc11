"""Steps 1 and 3 of the chain by a translation engine instead of the model: translate-test, in part or as a whole.

    mode              question into English   answer in English        answer in the target language
    chain             model                   model                    model
    engine-question   engine                  model                    model
    engine-answer     model                   model                    engine
    engine-both       engine                  model                    engine

What the engine writes stands in the answer where the model's own section would, so that every mode gives a chain that is
read and measured as any other; `Answer.engine_parts` says which parts the model did not write. In `engine-both` the arm
`base` is the plain cascade: the base model is asked in English, without a chain, and what it says is translated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from taco.chain.formats import find_template
from taco.chain.parse import ParsedChain, parse_chain
from taco.chain.template import Template, escape_labels
from taco.generate.backend import Prompt, Refusal
from taco.generate.modes import ASKS_ENGLISH, SAYS_TARGET, find_until
from taco.generate.options import Mode, RelayOptions
from taco.languages.table import ENGLISH, Language
from taco.progress import Progress
from taco.records import Answer, EnginePart
from taco.translate.run import Means
from taco.translate.texts import TextTranslation, translate_texts
from taco.translate.worker import Job

Translate = Callable[[Sequence[str]], Mapping[str, TextTranslation]]
"""Texts -> what became of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A prompt as the model gets it.

    Attributes:
        prompt: The prompt.
        given: What the answer begins with that the model did not write; "" for nothing.
        engine: Signature of the engine that wrote it.
    """

    prompt: Prompt
    given: str = ""
    engine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Puts an engine's sections in front of what the model writes, and behind it.

    Attributes:
        mode: Which steps are the engine's.
        to_english: Translates questions.
        to_target: Translates answers.
    """

    mode: Mode
    to_english: Translate
    to_target: Translate

    def prepare(self, prompts: Sequence[Prompt], *, arm: str) -> list[Asked | Refusal]:
        """Return each prompt with step 1 done; refused where the engine cannot translate the question."""
        until = find_until(self.mode)
        if self.mode not in ASKS_ENGLISH:
            return [Asked(prompt=replace(prompt, until=until)) for prompt in prompts]
        found = self.to_english([prompt.text for prompt in prompts])
        return [self._put_question(replace(prompt, until=until), found[prompt.text], arm) for prompt in prompts]

    def complete(self, answers: Sequence[Answer], *, template: Mapping[str, str], language: Language) -> list[Answer]:
        """Return each answer with step 3 done; as it is where there is no English section or no translation of it.

        Args:
            answers: What the model wrote, with step 1 in front.
            template: Id -> name of the template.
            language: The target language.
        """
        if self.mode not in SAYS_TARGET:
            return list(answers)
        english = {}
        for answer in answers:
            parsed = parse_chain(answer.text, template=template[answer.id], language=language, finish=answer.finish)
            if text_en := find_unsaid(parsed):
                english[answer.id] = text_en
        found = self.to_target(list(english.values()))
        return [
            add_response(answer, found[english[answer.id]], find_template(template[answer.id]), language)
            if answer.id in english
            else answer
            for answer in answers
        ]

    def is_plain(self, arm: str) -> bool:
        """Return whether an arm is asked in English, without a chain: the plain cascade."""
        return self.mode == "engine-both" and arm == "base"

    def _put_question(self, prompt: Prompt, found: TextTranslation, arm: str) -> Asked | Refusal:
        if found.fault:
            detail = f"the engine has no translation into English: {found.fault}"
            return Refusal(id=prompt.id, reason="question-not-translated", detail=detail)
        given = render_given(found.text, find_template(prompt.template), prompt.language)
        if self.is_plain(arm):
            plain = replace(prompt, system="", text=found.text)
            return Asked(prompt=plain, given=given, engine=found.engine)
        return Asked(prompt=replace(prompt, prefix=given), given=given, engine=found.engine)


def open_relay(options: RelayOptions, mode: Mode, *, means: Means, language: Language, progress: Progress) -> Relay:
    """Make the relay of a recipe.

    Args:
        options: The engines.
        mode: Which steps are theirs.
        means: How the recipe translates.
        language: The target language.
        progress: Where to say how far it is.
    """
    to_english, to_target = make_jobs(options, means=means, language=language)
    return Relay(
        mode=mode,
        to_english=lambda texts: translate_texts(texts, to_english, progress=progress),
        to_target=lambda texts: translate_texts(texts, to_target, progress=progress),
    )


def make_jobs(options: RelayOptions, *, means: Means, language: Language) -> tuple[Job, Job]:
    """Return how questions are put into English, and answers into the target language; see `open_relay`."""
    question = replace(means, translate=options.choose_question(means.translate))
    answer = replace(means, translate=options.choose_answer(means.translate))
    return question.make_job(source=language, target=ENGLISH), answer.make_job(target=language)


def _translate_nothing(texts: Sequence[str]) -> dict[str, TextTranslation]:
    return {}


NO_RELAY = Relay(mode="chain", to_english=_translate_nothing, to_target=_translate_nothing)
"""The relay of the mode `chain`: the model does it all."""


def render_given(question: str, template: Template, language: Language) -> str:
    r"""Return the beginning of a chain up to where the answer in English begins.

    >>> from taco.languages.table import find_language
    >>> render_given("Why?", find_template("taco"), find_language("gl"))
    'Instruction in English:\nWhy?\n\nResponse in English:\n'
    """
    first, second, *_ = template.separators(language)
    text = escape_labels(question, template, language) if template.escapes else question
    return (first + text + second).rstrip(" ")  # tokenizers put a space into the word behind it


def find_unsaid(parsed: ParsedChain) -> str:
    """Return the answer in English that step 3 puts into the target language; "" where there is none, or step 3 is done."""
    return "" if parsed.response else parsed.response_en


def render_response(before: str, text: str, template: Template, language: Language) -> str:
    r"""Return what stands behind the English answer: the label of the target section, and a text in it.

    >>> from taco.languages.table import find_language
    >>> render_response("Response in English:\nBlue.", "Azul.", find_template("taco"), find_language("gl"))
    '\n\nResponse in Galician:\nAzul.'
    """
    label = template.separators(language)[template.section_names.index("response")]
    label = label.lstrip("\n") if before.endswith("\n") else label
    return label + (escape_labels(text, template, language) if template.escapes else text)


def add_response(answer: Answer, found: TextTranslation, template: Template, language: Language) -> Answer:
    """Return an answer with an engine's translation as its target section; as it is where there is none."""
    if found.fault:
        return answer
    whole = answer.text + render_response(answer.text, found.text, template, language)
    state = parse_chain(whole, template=template.name, language=language, finish=answer.finish).state
    part = EnginePart(start=len(answer.text), end=len(whole), engine=found.engine)
    return replace(answer, text=whole, state=state, engine_parts=(*answer.engine_parts, part))
