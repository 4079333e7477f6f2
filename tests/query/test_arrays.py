"""Columns as arrays, and what reading them must not bring along."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from whodid.query.arrays import array_of, list_of


def test_columns_of_one_chunk_of_several_and_of_none() -> None:
    column = pa.chunked_array([pa.array([1, 2], pa.uint64()), pa.array([], pa.uint64()), pa.array([3], pa.uint64())])
    assert array_of(column).tolist() == [1, 2, 3]
    assert array_of(column).dtype == np.uint64
    empty = array_of(pa.chunked_array([], pa.int64()))
    assert (empty.tolist(), empty.dtype) == ([], np.int64)


def test_lists() -> None:
    column = pa.chunked_array([pa.array([[1.5], []]), pa.array([[2.0, float("nan")]])])
    assert list_of(column, 0).tolist() == [1.5]
    assert list_of(column, 1).tolist() == []
    assert list_of(column, 2)[0] == 2.0


SCRIPT = """
import asyncio, sys
from pathlib import Path
from whodid.model.clock import SystemClock
from whodid.query.engine import Engine, RangeRequest
from whodid.query.limits import Limits
from whodid.store.sql import LINE_COLUMNS
from whodid.store.chdb import ChdbStore, Settings
from whodid.store.streams import StreamIndex

async def ask(store):
    index = StreamIndex(store)
    await index.add("fake", {7: {"job": "a"}})
    row = "7, number * 1000000000, number, 'ms=1 of {}', map(), '', 0"
    await store.write(f"INSERT INTO lines ({LINE_COLUMNS}) SELECT {row} FROM numbers(90)")
    async def settled(): return 90
    engine = Engine(store, settled, index, SystemClock(), Limits())
    for query in (
        'sum by (job) (count_over_time({job="a"}[1m]))',
        'sum by (job) (count_over_time({job="a"} | json | __error__!="" [1m]))',
        'sum by (ms) (count_over_time({job="a"} | pattern `ms=<ms> of` [1m]))',
        'quantile_over_time(0.5, {job="a"} | regexp `ms=(?P<ms>.)` | unwrap ms [1m]) by (job)',
    ):
        answer = await engine.range(RangeRequest(query, 0, 120 * 10**9, 60 * 10**9, 100, "backward"))
        assert answer.series, query
    await engine.range(RangeRequest('{job="a"} |= "ms"', 0, 120 * 10**9, 10**9, 100, "backward"))

store = ChdbStore.open(Settings(Path(sys.argv[1]) / "store"))
asyncio.run(ask(store))
store.close()
print("pandas" in sys.modules)
"""


def test_pandas_stays_away(tmp_path: Path) -> None:
    """It would take the first query of a server half a second."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, tmp_path], capture_output=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == (b"False\n", b"")
