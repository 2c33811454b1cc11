"""What a recipe may say about hostile rows."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from taco.source.hygiene.classes import BY_NAME, Action


def _action_for(name: str) -> Action:
    kind = BY_NAME[name]
    action: Action = Field(kind.action, description=f"Rows that ask {kind.asks}.")
    return action


class HygieneOptions(BaseModel):
    """The table [source.hygiene] of a recipe: an action for each class of hostile rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(True, description="Look for hostile rows; false translates every row as it is.")
    correction: Action = _action_for("correction")
    rewriting: Action = _action_for("rewriting")
    grammar: Action = _action_for("grammar")
    synonyms: Action = _action_for("synonyms")
    words: Action = _action_for("words")
    jumble: Action = _action_for("jumble")
    sorting: Action = _action_for("sorting")
    letters: Action = _action_for("letters")
    strings: Action = _action_for("strings")
    translation: Action = _action_for("translation")
    idioms: Action = _action_for("idioms")
    acronyms: Action = _action_for("acronyms")
    acrostics: Action = _action_for("acrostics")
    rhyme: Action = _action_for("rhyme")
    verse: Action = _action_for("verse")
    wordplay: Action = _action_for("wordplay")
    vocabulary: Action = _action_for("vocabulary")
    unchanged: Action = _action_for("unchanged")
