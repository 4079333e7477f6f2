"""What a delete request is, who asks it, which lines it means, and what can be wrong with it.

Nouns and errors only; deletes.py carries requests out, query/deletion.py finds the lines.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from whodid.errors import WhodidError

Status = Literal["asked", "hidden", "done", "cancelled"]


class NoSuchRequest(WhodidError):
    """could not find delete request with given id (HTTP 404)"""


class NotCancellable(WhodidError):
    """A request whose lines are gone already (HTTP 400)."""


class TrailIsPermanent(WhodidError):
    """whodid's record of what was done to the logs is not deleted by those who did it (HTTP 403)."""


class Doomed(Protocol):
    """The lines that a request names; see query/deletion.py."""

    @property
    def conditions(self) -> tuple[str, ...]: ...
    @property
    def lines(self) -> int: ...


Choose = Callable[[str, int, int, tuple[int, int], str], Awaitable[Doomed]]
"""(query, start_ns, end_ns, (after_seq, last_seq), tenant) → the stored lines that are meant."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as far as it is known."""

    client: str
    """Address."""
    user: str = ""
    app: str = ""


WHODID = Asker(client="", user="whodid")


@dataclass(frozen=True, slots=True)
class Request:
    """One delete request and how far it is."""

    id: str
    tenant: str
    query: str
    start_ns: int
    end_ns: int
    created_ns: int
    conditions: tuple[str, ...]
    lines: int
    status: Status
    version: int = 1
