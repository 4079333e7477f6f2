"""How push bodies reach the engine: through a file that has no name, in this process's memory only.

chDB's streaming insert takes no `INSERT … SELECT`, and `file()` reads paths, not buffers; `/proc/self/fd/N` is the path
of a memfd. Nobody else can open or guess it, and a killed server leaves nothing behind. The schema is a real file with
a full path: given as text, the engine would write it into the working directory, which may be closed to a service.
"""

import os
from pathlib import Path

from whodid.store.store import StoreError
from whodid.wire.push_rows import SCHEMA


class Spool:
    """One for the write path; used by one thread at a time."""

    def __init__(self, data_dir: Path) -> None:
        self.schema = write_schema(data_dir)
        self._file = os.fdopen(os.memfd_create("whodid-push"), "wb")
        self.path = f"/proc/self/fd/{self._file.fileno()}"

    def fill(self, rows: bytes) -> None:
        """Puts the rows in place of what was there."""
        self.clear()
        self._file.write(rows)
        self._file.flush()

    def clear(self) -> None:
        """Gives the memory back."""
        self._file.seek(0)
        self._file.truncate()

    def close(self) -> None:
        """The path is invalid from now on."""
        self._file.close()


def write_schema(data_dir: Path) -> str:
    """Puts the schema of a row beside the store; the value of the engine's setting `format_schema`."""
    schema = data_dir.absolute() / "push.proto"
    try:
        schema.write_text(SCHEMA)
    except OSError as e:
        raise StoreError(f"cannot write {schema}: {e.strerror}; make room, or make it writable for this user") from None
    return f"{schema}:Row"
