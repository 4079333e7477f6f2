"""Columns of the engine's answers as numpy arrays, by DLPack.

Not by pyarrow's own `to_numpy`: that imports pandas, so that a server's first metric query took half a second longer.
Called by samples.py, statements.py and unwrapped.py.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def array_of(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """A column of numbers, none of them null. Not to be written to."""
    chunks = [np.from_dlpack(chunk) for chunk in column.chunks]
    return np.concatenate(chunks) if chunks else np.empty(0, dtype=column.type.to_pandas_dtype())


def list_of(column: pa.ChunkedArray, row: int) -> npt.NDArray[Any]:
    """The numbers of one row of a column of lists."""
    return np.from_dlpack(column[row].values)
