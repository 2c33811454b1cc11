"""Self-instruct tasks: an `instruction` with a list of `instances`, each an `input` and an `output`; one row each."""

from __future__ import annotations

from collections.abc import Mapping

from taco.source.draft import Draft, take_objects, take_text


def is_self_instruct(fields: Mapping[str, object]) -> bool:
    """Whether an object looks like a self-instruct task."""
    return {"instruction", "instances"} <= fields.keys()


def parse_self_instruct(fields: Mapping[str, object]) -> list[Draft]:
    """Read one task, a row for each of its instances.

    Raises:
        Fault: A field is missing or of the wrong type, here or in any instance.
    """
    instruction = take_text(fields, "instruction")
    return [
        Draft(
            instruction=instruction,
            input=take_text(instance, "input", where=f"instances[{position}]."),
            response=take_text(instance, "output", where=f"instances[{position}]."),
        )
        for position, instance in enumerate(take_objects(fields, "instances"))
    ]
