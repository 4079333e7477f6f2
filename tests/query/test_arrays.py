"""Columns as arrays, and what reading them must not bring along."""

import subprocess
import sys

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
import sys
import pyarrow as pa
from whodid.query.arrays import array_of, list_of
numbers = pa.Array.from_buffers(pa.int64(), 2, [None, pa.py_buffer(bytes(16))])
offsets = pa.py_buffer(bytes(4) + bytes([2, 0, 0, 0]))
lists = pa.ListArray.from_buffers(pa.list_(pa.int64()), 1, [None, offsets], children=[numbers])
assert array_of(pa.chunked_array([numbers])).tolist() == list_of(pa.chunked_array([lists]), 0).tolist() == [0, 0]
sys.exit("pandas" in sys.modules)
"""


def test_pandas_stays_away() -> None:
    """It would take the first query half a second."""
    assert subprocess.run([sys.executable, "-c", SCRIPT], check=False, timeout=60).returncode == 0
