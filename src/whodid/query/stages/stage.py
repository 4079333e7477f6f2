"""The contract of a pipeline stage: one file per stage, and in it both of its meanings.

`sql(stage, scope)` says the stage as a condition on a row of `lines`, or None where SQL cannot. `apply(stage)`
compiles it to a function on a `Line`. Tests hold the two equal on random entries. A stage knows nothing of plans or
of the store.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from whodid.model.entry import Labels
from whodid.query.line import Line

Step = Callable[[Line], bool]
"""Changes the line in place; False drops it."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A condition on rows of `lines`. It never drops a row that the stage keeps."""

    condition: str
    exact: bool = True
    """False: it may keep rows that the stage drops, so the stage must run in Python as well."""
    suspect: str = ""
    """SQL that is true for kept rows whose value only Python can read (or refuse with `__error__`). Where no row is
    suspect, an inexact fragment with this set is as good as an exact one."""
    words: tuple[str, ...] = ()
    """In lower case (ASCII's): each row that the stage keeps holds one of them in its line. Empty: nothing is known."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is known of the rows when a stage begins, from the stages before it."""

    streams: Mapping[int, Labels]
    """The streams that are asked, with their labels."""
    line_intact: bool = True
    """The text is still the stored one."""
    labels: Literal["stored", "parsed", "changed"] = "stored"
    """stored: as in the table; parsed: only parsers have added some; changed: anything may have happened."""
    may_fail: bool = False
    """A stage before may have set `__error__`."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a stage runs, and what it leaves behind."""

    sql: Callable[[Any, Scope], Fragment | None]
    apply: Callable[[Any], Step]
    drops: bool = False
    """It can drop lines."""
    rewrites: bool = False
    """It can change the text."""
    labels: Literal["stored", "parsed", "changed"] = "stored"
    """What it can do to labels."""
    may_fail: bool = False
    """It can set `__error__`."""


def unsaid(stage: object, scope: Scope) -> None:
    """`sql` of a stage that has no SQL."""
    return
