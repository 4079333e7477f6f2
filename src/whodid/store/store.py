"""The contract of the store: SQL in, columns out. One engine behind it today: chDB (chdb.py).

The store knows tables and SQL, never LogQL, HTTP or a log format. query/ selects from it, ingest/ appends to it. The
tables are in schema.sql.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import pyarrow as pa

from whodid.errors import WhodidError


class StoreError(WhodidError):
    """The engine refused or failed: carries its own words and its error code's name."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code
        """ClickHouse's name of the error, such as MEMORY_LIMIT_EXCEEDED, TIMEOUT_EXCEEDED, CANNOT_COMPILE_REGEXP."""


T = TypeVar("T")
APPENDERS = 2
"""An insert, and the look at the next group of bodies beside it."""


class Connection(Protocol):
    """The engine as a function in a thread of the store sees it: blocking calls, one after the other."""

    def select(self, sql: str) -> pa.Table: ...
    def write(self, sql: str) -> int: ...


class Reader(Protocol):
    """Something that SELECTs."""

    async def select(
        self, sql: str, *, timeout_s: float = 60.0, memory_bytes: int = 0, eager: bool = False
    ) -> pa.Table:
        """Runs a SELECT and returns its columns. Raises StoreError (also on timeout or when the memory cap is hit).

        `eager`: without the engine's own laziness, which copies the rows of each branch of `if` and AND. For who knows
        that no branch is dear.

        Cancelling the caller stops the statement in the engine.
        """
        ...


class Store(Reader, Protocol):
    """One open store. Safe to use from one event loop; statements run in worker threads, reads in parallel."""

    @property
    def statements(self) -> Mapping[str, int]:
        """How many calls run or wait for a thread, by kind: read, write, append."""
        ...

    @property
    def urgent(self) -> Reader:
        """Reads that wait for no others: small ones, of those who follow what comes in."""
        ...

    async def write(self, sql: str) -> int:
        """Runs a statement that changes data, in order with all other writes; durable when it returns. Rows written."""
        ...

    async def in_writer(self, work: Callable[[Connection], T]) -> T:
        """Runs `work`, several statements that no other write may come between, in order with all other writes."""
        ...

    async def appending(self, work: Callable[[Connection], T]) -> T:
        """Runs `work`, several statements of one commit, in one of the APPENDERS threads; beside all other writes."""
        ...

    async def trim(self) -> None:
        """Gives memory that nobody uses back to the system. Raises StoreError."""
        ...

    def hide_pending(self, hide: bool) -> None:
        """While true, reads leave out what deletions that are not carried out yet name; such reads are dearer."""
        ...

    def close(self) -> None:
        """Waits for running statements and closes the engine."""
        ...
