"""The chain guard for answers that are finished: what can be repaired is repaired by letting the model go on from a place.

The answer as it was stays the answer: it is what is measured. Repairs stand beside it, each with what it took away and what
it put there, so that both texts are known. Streams are guarded by `taco.generate.guarded_session`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from taco.generate.backend import Backend, Generation, Limits, Prompt
from taco.generate.faults import Draft, Fault, Form, Tried, find_fault, make_form
from taco.generate.foreign import find_foreign, measure_target
from taco.generate.guard_options import BudgetOptions, GuardOptions
from taco.records import Answer, Repair, RepairOutcome


@dataclass(slots=True)
class Patient:
    """An answer that is being repaired.

    Attributes:
        prompt: What was asked.
        form: How the answer should be written down.
        draft: What there is of it.
        tried: What was repaired.
        repairs: The repairs.
    """

    prompt: Prompt
    form: Form
    draft: Draft
    tried: set[Tried] = field(default_factory=set)
    repairs: list[Repair] = field(default_factory=list)

    def record(self, fault: Fault, after: Draft, outcome: RepairOutcome, *, made: Generation | None = None) -> None:
        """Take a repair up; `after` is the answer with it."""
        self.tried.add((fault.kind, "end" if fault.kind == "loop" and fault.is_last else fault.section))
        self.repairs.append(
            Repair(
                kind=fault.kind,
                section=fault.section,
                start=fault.start,
                removed=self.draft.text[fault.start :],
                added=after.text[fault.start :],
                found=fault.found,
                outcome=outcome,
                finish=after.finish,
                tokens=len(made.token_ends) if made else 0,
                seconds=round(sum(made.token_seconds), 6) if made else 0.0,
            )
        )
        self.draft = after


def repair_answers(
    made: Mapping[str, Generation],
    prompts: Mapping[str, Prompt],
    *,
    backend: Backend,
    options: GuardOptions,
    arm: str,
    limits: Limits,
    on_tokens: Callable[[int], None] = lambda count: None,
) -> dict[str, tuple[Repair, ...]]:
    """Repair answers; those that need it go on together, round by round.

    Args:
        made: Id -> the answer.
        prompts: Id -> what was asked.
        backend: What made the answers.
        options: What is repaired.
        arm: Which arm answered.
        limits: The limits of the answers; tokens that stay count against them, tokens that are cut away do not.
        on_tokens: Called with the number of tokens made since the last call.

    Returns:
        Id -> repairs, of the answers that have any.
    """
    patients = {
        key: Patient(
            prompt=prompts[key],
            form=make_form(prompts[key].template, prompts[key].language),
            draft=Draft(text=one.text, finish=one.finish, ends=one.token_ends),
        )
        for key, one in made.items()
    }
    ill = patients
    while ill:
        faults = {key: _close_all(patient, options, limits) for key, patient in ill.items()}
        open_faults = {key: fault for key, fault in faults.items() if fault is not None}
        for is_again in (False, True):
            group = {key: fault for key, fault in open_faults.items() if fault.is_again == is_again}
            again = replace(limits, penalty=options.penalty) if is_again else limits
            asked = [_ask(patients[key], fault) for key, fault in group.items()]
            for outcome in backend.generate(asked, arm=arm, limits=again, on_tokens=on_tokens) if asked else ():
                _take(patients[outcome.id], group[outcome.id], outcome if isinstance(outcome, Generation) else None)
        ill = {key: patients[key] for key in open_faults}
    return {key: tuple(patient.repairs) for key, patient in patients.items() if patient.repairs}


def is_faulty(answer: Answer, prompt: Prompt, *, options: GuardOptions, limits: Limits) -> bool:
    """Whether an answer read from a file, which no longer knows its tokens, needs a repair that it does not have."""
    if answer.repairs or not options.is_on:
        return False
    spent = {use.name: use.tokens for use in answer.sections}
    if any(spent.get(name, 0) > budget for name, budget in options.budgets.items()):
        return True
    if options.loop and answer.finish == "loop":
        return True
    ends = [len(answer.text)] * answer.tokens
    draft = Draft(text=answer.text, finish=answer.finish, ends=ends)
    patient = Patient(prompt=prompt, form=make_form(prompt.template, prompt.language), draft=draft)
    rest = options.model_copy(update={"loop": False, "budget": BudgetOptions()})
    return _find(patient, rest, limits) is not None


def _close_all(patient: Patient, options: GuardOptions, limits: Limits) -> Fault | None:
    """Make all repairs that need no model; return the next one that does."""
    while (fault := _find(patient, options, limits)) is not None and fault.is_last:
        draft = patient.draft
        finish = "length" if fault.kind == "budget" else draft.finish
        after = Draft(text=draft.text[: fault.start] + fault.heading, finish=finish, ends=draft.keep_ends(fault.start))
        patient.record(fault, after, "closed")
    return fault


def _find(patient: Patient, options: GuardOptions, limits: Limits) -> Fault | None:
    """Find a fault for whose repair tokens are left."""
    fault = find_fault(patient.draft, patient.form, options=options, tried=patient.tried)
    if fault is None or fault.is_last:
        return fault
    return fault if len(patient.draft.keep_ends(fault.start)) < limits.max_new_tokens else None


def _ask(patient: Patient, fault: Fault) -> Prompt:
    kept = patient.draft.text[: fault.start]
    spent = len(patient.draft.keep_ends(fault.start))
    return replace(patient.prompt, prefix=kept + fault.heading, spent=spent)


def _take(patient: Patient, fault: Fault, made: Generation | None) -> None:
    if made is None:
        patient.record(fault, patient.draft, "refused")
        return
    before = patient.draft
    prefix = before.text[: fault.start] + fault.heading
    ends = [*before.keep_ends(fault.start), *(len(prefix) + end for end in made.token_ends)]
    after = Draft(text=prefix + made.text, finish=made.finish, ends=ends)
    if fault.kind == "language" and not _is_better(after, before, patient.form):
        patient.record(fault, before, "kept", made=made)
    else:
        patient.record(fault, after, "retried" if fault.is_again else "continued", made=made)


def _is_better(after: Draft, before: Draft, form: Form) -> bool:
    tried, first = (form.parse(draft).response for draft in (after, before))
    if not tried or find_foreign(tried, form.language):
        return False
    return measure_target(tried, form.language) > measure_target(first, form.language)
