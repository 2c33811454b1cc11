"""Chain formats as data: those of formats.toml, and a user's own in a file of the same form.

A format is one template, or several parts, each a template of its own: then a row gives several examples. Examples and
answers name their template; recipes name a format.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from taco.chain.template import Section, SectionName, Template, TextName
from taco.errors import RecipeError, list_faults
from taco.registry import suggest

PART = ":"
"""Stands between a format's name and its part's in a template's name, and between a row's id and the part's in an
example's id."""

FILE_END = ".toml"
"""How the name of a format ends that is a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a recipe names as `chain.template`.

    Attributes:
        name: Its name; for a user's own the path of its file.
        about: What it is, in a few words.
        templates: One for each example that a row gives.
    """

    name: str
    about: str
    templates: tuple[Template, ...]

    @property
    def signature(self) -> str:
        """Name and version, as written into manifests."""
        return f"{self.name} v{self.templates[0].version}"

    @property
    def takes_rule(self) -> bool:
        """Whether the length rule may be appended to its instructions."""
        return self.templates[0].takes_rule


class _SectionTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: SectionName
    text: TextName | None = None
    label: str = ""
    before: str = ""
    after: str = ""
    added: str = ""

    @model_validator(mode="after")
    def _check_label(self) -> _SectionTable:
        if self.label and (not self.label.endswith(":") or not self.label.removesuffix(":").strip()):
            raise ValueError(f"the label {self.label!r} must be words and end with a colon")
        if not self.label and (self.before or self.after or self.added):
            raise ValueError(f"the section {self.name!r} has no label, so nothing may stand around it")
        return self


class _PartTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field("", pattern=r"^[a-z0-9-]*$")
    prompt: TextName
    system: str = ""
    sections: tuple[_SectionTable, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_sections(self) -> _PartTable:
        for what in ("name", "label"):
            found = [getattr(section, what) for section in self.sections]
            if len(set(found)) != len(found):
                raise ValueError(f"two sections have the {what} {max(found, key=found.count)!r}")
        labelled = [bool(section.label) for section in self.sections]
        if len(self.sections) > 1 and not all(labelled):
            raise ValueError("every one of several sections needs a label")
        if self.sections[-1].added:
            raise ValueError("nothing may be added after the last section: it would be learnt as a part of the answer")
        return self


class _FormatTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    version: int = Field(ge=1)
    about: str = ""
    escapes: bool = True
    length_rule: bool = True
    part: tuple[_PartTable, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _take_only_part(cls, value: Any) -> Any:
        """A format of one part holds the part's keys itself."""
        if isinstance(value, dict) and "part" not in value:
            own = {key: value[key] for key in ("prompt", "system", "sections") if key in value}
            return {key: one for key, one in value.items() if key not in own} | {"part": [own]}
        return value

    @model_validator(mode="after")
    def _check_names(self) -> _FormatTable:
        names = [part.name for part in self.part]
        if len(names) > 1 and ("" in names or len(set(names)) != len(names)):
            raise ValueError("every one of several parts needs a name of its own")
        return self


@cache
def list_formats() -> dict[str, Format]:
    """Return name -> format of those that come with taco."""
    text = resources.files("taco.chain").joinpath("formats.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)["format"]
    return {table["name"]: _build_format(_FormatTable.model_validate(table), table["name"]) for table in tables}


def find_format(name: str) -> Format:
    """Return the format of that name, or of the file of that name.

    Raises:
        RecipeError: There is none, or the file is no format.
    """
    if name.endswith(FILE_END):
        path = Path(name).expanduser()
        try:
            return _read_format(name, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise RecipeError(f"The chain format {name} cannot be read: {error}.") from error
    formats = list_formats()
    if name not in formats:
        raise RecipeError(
            f"There is no chain format {name!r}{suggest(name, formats)}",
            hint=f"Known: {', '.join(formats)}; or a file {FILE_END} of your own.",
        )
    return formats[name]


def find_template(name: str) -> Template:
    """Return the template that an example names.

    Raises:
        RecipeError: There is none.

    >>> find_template("translate-only:response-to-target").section_names
    ('response',)
    """
    format_name, found, part = name.rpartition(PART)
    if found and not name.endswith(FILE_END):
        templates = {template.name.rpartition(PART)[2]: template for template in find_format(format_name).templates}
        if part not in templates:
            raise RecipeError(f"The chain format {format_name!r} has no part {part!r}{suggest(part, templates)}")
        return templates[part]
    templates_of = find_format(name).templates
    if len(templates_of) > 1:
        parts = ", ".join(template.name for template in templates_of)
        raise RecipeError(f"The chain format {name!r} has several parts: {parts}.")
    return templates_of[0]


@lru_cache(maxsize=64)
def _read_format(name: str, text: str) -> Format:
    try:
        return _build_format(_FormatTable.model_validate(tomllib.loads(text)), name)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"The chain format {name} is no TOML: {error}.") from error
    except ValidationError as error:
        faults = "; ".join(list_faults(error, whole="the file"))
        raise RecipeError(f"The chain format {name} is malformed: {faults}.", hint="See docs/chain.md.") from error


def _build_format(table: _FormatTable, name: str) -> Format:
    templates = tuple(
        Template(
            name=f"{name}{PART}{part.name}" if part.name else name,
            part=part.name,
            version=table.version,
            sections=tuple(_build_section(section) for section in part.sections),
            prompt=part.prompt,
            system_message=part.system,
            escapes=table.escapes and bool(part.sections[0].label),
            takes_rule=table.length_rule,
        )
        for part in table.part
    )
    return Format(name=name, about=table.about, templates=templates)


def _build_section(table: _SectionTable) -> Section:
    return Section(**(table.model_dump() | {"text": table.text or table.name}))
