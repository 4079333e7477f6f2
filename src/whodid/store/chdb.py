"""The store on chDB, ClickHouse inside this process.

Rules of chDB that this file keeps (each observed, docs/design/0002): one path per process and one process per path; one
session per thread, since a shared one serialises; no fork after opening; a memory cap, since the default is nine tenths
of the machine; fsync on insert is set on the tables. Nothing else in whodid imports chdb.
"""

import asyncio
import ctypes
import fcntl
import itertools
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from whodid.store.store import APPENDERS, Connection, Reader, StoreError, T

MAX_STATEMENT_BYTES = 64 << 20
"""Longest SQL text: stream ids are written into statements, and a team may have tens of thousands of streams."""
READERS = 3
"""Reading threads: two cores, and one more so that a long query does not hold up the short ones."""
MEMORY_OF_A_THREAD_BYTES = 64 << 20
"""The engine lets a query have a thread for each so many bytes that are free under its cap. By default that is 1 GiB:
with a cap of 2 no query would ever use a second core."""
SHARE_OF_UNPACKED, SHARE_OF_UNPACKED_INDEX = 10, 64
"""Of the memory, for unpacked blocks of columns and of indexes (docs/design/0012): unpacking takes two thirds
of a search through lines that were read a moment ago. By default a million lines stay."""
LINES_WORTH_KEEPING = 4_000_000
"""What reads more at once would only push everything else out."""
URGENT_READERS = 2
"""Threads for those who follow what comes in: an alert must not wait for somebody's dashboards."""
KILL_AGAIN_S = 0.05
"""A statement that its asker has given up may not have begun yet: it is told to stop until it has stopped."""

# Merging: by default the engine merges a part of a megabyte with each new one of ten kilobytes alone, six times a
# second while lines trickle in (the heuristic at the right), and all small parts whenever there are five (the base):
# 0.15 of a core in the drip of benchmarks/, 0.5 at times. A few more parts cost a query less than that.
_CONFIG = """<clickhouse>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <mark_cache_size>67108864</mark_cache_size>
  <index_mark_cache_size>8388608</index_mark_cache_size>
  <uncompressed_cache_size>{unpacked}</uncompressed_cache_size>
  <uncompressed_cache_policy>LRU</uncompressed_cache_policy>
  <index_uncompressed_cache_size>{unpacked_index}</index_uncompressed_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>2</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <merge_tree><merge_selector_base>10</merge_selector_base>
  <merge_selector_enable_heuristic_to_remove_small_parts_at_right>0</merge_selector_enable_heuristic_to_remove_small_parts_at_right>
  <number_of_free_entries_in_pool_to_execute_mutation>0</number_of_free_entries_in_pool_to_execute_mutation>
  <number_of_free_entries_in_pool_to_lower_max_size_of_merge>0</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
  <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>0</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  <logger><level>none</level><console>false</console></logger>
</clickhouse>
"""


_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Of glibc, whose heap holds what Python and Arrow made of the answers. Others give it back by themselves."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the embedded engine behaves."""

    path: Path
    """Directory of the engine's files; made if missing. One server process at a time."""
    memory_bytes: int = 2 << 30
    """Cap of all memory the engine may use at once; a query beyond it fails, the server does not."""


class ChdbStore:
    """See store.Store. Open with `ChdbStore.open`."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._local = threading.local()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._urgent_readers = ThreadPoolExecutor(URGENT_READERS, thread_name_prefix="store-urgent")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-write")
        self._appenders = ThreadPoolExecutor(APPENDERS, thread_name_prefix="store-append")
        self._killer = ThreadPoolExecutor(1, thread_name_prefix="store-kill")
        self._numbers = itertools.count(1)
        self._sessions: list[Any] = []
        self._lock = threading.Lock()
        self._hides_pending = False
        self._statements = {"read": 0, "write": 0, "append": 0}

    @classmethod
    def open(cls, settings: Settings) -> "ChdbStore":
        """Opens or creates the store and its tables. Raises StoreError with what to do when it cannot."""
        path = settings.path.absolute()
        if set(str(path)) & set("?&\\") or "::" in str(path):
            raise StoreError(
                f"the data directory {path.parent} has a ?, an &, a :: or a backslash in its name, "
                "which the engine cannot open; set another data_dir"
            )
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # logs are read by few: so is their copy
            path.mkdir(exist_ok=True)
            config = path.parent / f"{path.name}-engine.xml"
            config.write_text(
                _CONFIG.format(
                    memory=settings.memory_bytes,
                    unpacked=settings.memory_bytes // SHARE_OF_UNPACKED,
                    unpacked_index=settings.memory_bytes // SHARE_OF_UNPACKED_INDEX,
                )
            )
        except OSError as e:
            raise StoreError(
                f"cannot write to the data directory {path.parent}: {e.strerror}; "
                "make it writable for this user or set data_dir"
            ) from None
        if _is_locked(path / "status"):  # asked first, since the engine tells it to the terminal only
            raise _in_use(path)
        from chdb.session import Session  # half a second of import: only the server pays it

        options = (
            f"config-file={quote(str(config))}&max_query_size={MAX_STATEMENT_BYTES}"
            "&exclude_materialize_skip_indexes_on_insert=coarse_grams,grams"  # schema.sql says why
            f"&use_uncompressed_cache=1&merge_tree_max_rows_to_use_cache={LINES_WORTH_KEEPING}"
            "&precise_float_parsing=1"  # the double nearest to a text, as Go and Python read it
        )
        connect: Callable[[str], Any] = Session
        store = cls(lambda: connect(f"file:{path}?{options}"))
        try:
            for statement in _schema():
                store._run(statement, "Null")
        except Exception as e:
            store.close()
            raise _explained(e, path) from None
        return store

    @property
    def statements(self) -> Mapping[str, int]:
        return self._statements

    @contextmanager
    def _counted(self, kind: str) -> Iterator[None]:
        self._statements[kind] += 1
        try:
            yield
        finally:
            self._statements[kind] -= 1

    async def select(
        self, sql: str, *, timeout_s: float = 60.0, memory_bytes: int = 0, eager: bool = False
    ) -> pa.Table:
        return await self._selected(self._readers, sql, timeout_s, memory_bytes, eager)

    @property
    def urgent(self) -> "Reader":
        return _Urgent(self)

    async def _selected(
        self, readers: ThreadPoolExecutor, sql: str, timeout_s: float, memory_bytes: int, eager: bool
    ) -> pa.Table:
        name = f"select-{next(self._numbers)}"
        text = (
            f"{sql}\nSETTINGS max_execution_time = {timeout_s:.3f}, max_memory_usage = {memory_bytes}, "
            f"log_comment = '{name}', max_threads_min_free_memory_per_thread = {MEMORY_OF_A_THREAD_BYTES}"
        )
        if eager:
            text += ", short_circuit_function_evaluation = 'disable'"
        if self._hides_pending:
            text += ", apply_mutations_on_fly = 1"
        work = readers.submit(self._select, text)
        try:
            with self._counted("read"):
                return await asyncio.wrap_future(work)
        except asyncio.CancelledError:
            # wrap_future has cancelled what had not begun; what runs would keep a thread and the disks busy for nobody.
            if not work.done():
                self._killer.submit(self._kill, name, work)
            raise

    async def write(self, sql: str) -> int:
        loop = asyncio.get_running_loop()
        with self._counted("write"):
            return await loop.run_in_executor(self._writer, self._write, sql)

    async def in_writer(self, work: Callable[[Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        with self._counted("write"):
            return await loop.run_in_executor(self._writer, work, _Connection(self))

    async def appending(self, work: Callable[[Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        with self._counted("append"):
            return await loop.run_in_executor(self._appenders, work, _Connection(self))

    async def trim(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._killer, self._trim)

    def _trim(self) -> None:
        self._run("SYSTEM JEMALLOC PURGE", "Null")
        if _malloc_trim is not None:
            _malloc_trim(0)

    def hide_pending(self, hide: bool) -> None:
        self._hides_pending = hide

    def close(self) -> None:
        self._readers.shutdown(wait=True, cancel_futures=True)
        self._urgent_readers.shutdown(wait=True, cancel_futures=True)
        self._killer.shutdown(wait=True)
        self._writer.shutdown(wait=True)
        self._appenders.shutdown(wait=True)
        for session in self._sessions:
            session.close()
        self._sessions.clear()

    def _select(self, sql: str) -> pa.Table:
        data = self._run(sql, "ArrowStream").bytes()
        # An empty answer of some statements has no stream at all.
        return pa.ipc.open_stream(data).read_all() if data else pa.table({})

    def _kill(self, name: str, work: "futures.Future[pa.Table]") -> None:
        """Stops a SELECT by the name in its settings: chDB lets no asker choose the id of a query."""
        while not work.done():
            with suppress(StoreError):  # it is tried again, and the statement's own time ends at last
                self._run(f"KILL QUERY WHERE Settings['log_comment'] = '{name}' ASYNC", "Null")
            futures.wait([work], timeout=KILL_AGAIN_S)

    def _write(self, sql: str) -> int:
        return int(self._run(sql, "Null").rows_written())

    def _run(self, sql: str, output_format: str) -> Any:
        session = getattr(self._local, "session", None) or self._new_session()
        try:
            return session.query(sql, output_format)
        except Exception as e:  # chDB raises its own error class and, from bindings, RuntimeError
            # What a broken-off statement had begun to answer stays in the session and would stand before the next
            # answer: that one would read as empty. The new session comes first: without any, the engine would stop.
            self._new_session()
            with self._lock:
                self._sessions.remove(session)
            session.close()
            raise _store_error(e) from None

    def _new_session(self) -> Any:
        session = self._local.session = self._connect()
        with self._lock:
            self._sessions.append(session)
        return session


class _Urgent:
    """See store.Store.urgent."""

    def __init__(self, store: ChdbStore) -> None:
        self._store = store

    async def select(
        self, sql: str, *, timeout_s: float = 60.0, memory_bytes: int = 0, eager: bool = False
    ) -> pa.Table:
        return await self._store._selected(self._store._urgent_readers, sql, timeout_s, memory_bytes, eager)


class _Connection:
    """See store.Connection."""

    def __init__(self, store: ChdbStore) -> None:
        self.select = store._select
        self.write = store._write


_INNARDS = re.compile(r":\s+(?:\(in file/uri|\(at row|[Ww]hile )")
"""Where a message of the engine turns from what is wrong to where the engine was when it noticed."""


def _store_error(error: Exception) -> StoreError:
    """The engine's message as one line, without its stack of 'while executing', and the error's name."""
    text = str(error)
    names: list[str] = re.findall(r"\(([A-Z][A-Z_]{3,})\)", text)
    message = _INNARDS.split(re.sub(r"^Code: \d+\. DB::Exception: ", "", text))[0]
    return StoreError(" ".join(message.split()), names[-1] if names else "")


def _explained(error: Exception, path: Path) -> StoreError:
    if _is_locked(path / "status"):
        return _in_use(path)
    return StoreError(f"cannot open the store {path}: {error}")


def _in_use(path: Path) -> StoreError:
    return StoreError(f"the store {path} is in use by another whodid server; stop that one, or set another data_dir")


def _is_locked(file: Path) -> bool:
    """Whether another process holds the engine's lock."""
    try:
        with file.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _schema() -> list[str]:
    text = resources.files("whodid.store").joinpath("schema.sql").read_text()
    return [part for part in text.split("\n;\n") if part.strip(" \n;")]
