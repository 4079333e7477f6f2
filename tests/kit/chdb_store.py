"""One chDB store for the whole test process: chDB takes one path per process. Tests keep apart by tenant.

`shared_store()` opens it on first use, below the system's temporary directory, and takes it away at exit.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from whodid.store.chdb import ChdbStore, Settings


@cache
def shared_store() -> ChdbStore:
    path = Path(tempfile.mkdtemp(prefix="whodid-test-"))
    store = ChdbStore.open(Settings(path / "store", memory_bytes=1 << 30))

    def close() -> None:
        store.close()
        shutil.rmtree(path, ignore_errors=True)

    atexit.register(close)
    return store
