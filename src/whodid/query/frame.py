"""Frame: many labelled series over one grid, as two arrays, the value of every metric expression but a number.

`present` tells where a series has a point; NaN is a value like others. Operations on whole frames are in numpy.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from whodid.model.entry import Labels
from whodid.model.result import Series
from whodid.query.grid import Grid

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Frame:
    """`labels[i]` names row i of `values` and `present` (series × points)."""

    labels: list[Labels]
    values: Floats
    present: Mask

    @classmethod
    def empty(cls, points: int) -> "Frame":
        return cls([], np.zeros((0, points)), np.zeros((0, points), dtype=bool))

    @classmethod
    def constant(cls, value: float, points: int) -> "Frame":
        """`vector(value)`: one series without labels."""
        return cls([{}], np.full((1, points), value), np.ones((1, points), dtype=bool))

    def ordered(self) -> "Frame":
        """By the labels, name by name; series without any point are left out."""
        rows = [i for i in range(len(self.labels)) if self.present[i].any()]
        rows.sort(key=lambda i: sorted(self.labels[i].items()))
        return Frame([self.labels[i] for i in rows], self.values[rows], self.present[rows])

    def cut(self, begin: int, end: int) -> "Frame":
        """The points from `begin` to before `end`."""
        return Frame(self.labels, self.values[:, begin:end], self.present[:, begin:end])

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        texts = sum(len(name) + len(value) + 100 for labels in self.labels for name, value in labels.items())
        return self.values.nbytes + self.present.nbytes + texts

    def series(self, grid: Grid) -> list[Series]:
        """As a matrix. Rows with the same labels, which label_replace can make, are one series that has several values
        at a point; they stand together in an ordered frame.
        """
        out: list[Series] = []
        for labels, values, present in zip(self.labels, self.values, self.present, strict=True):
            points = [(grid.at(int(i)), float(values[i])) for i in np.flatnonzero(present)]
            if out and out[-1].labels == labels:
                points = sorted(out.pop().points + points, key=lambda point: point[0])
            out.append(Series(labels, points))
        return out

    def samples(self) -> list[tuple[Labels, float]]:
        """As a vector: the values at the first point."""
        rows: Iterable[int] = np.flatnonzero(self.present[:, 0]) if self.labels else ()
        return [(self.labels[i], float(self.values[i, 0])) for i in rows]


CELL_BYTES = 9
"""Of one point of one series."""


def joined(before: Frame, after: Frame, most_bytes: int) -> Frame | None:
    """The points of one behind those of the other; a series may be in either or in both. None if that is too large:
    small ones come to very much where each has its own series.
    """
    rows: dict[tuple[tuple[str, str], ...], int] = {}
    for labels in (*before.labels, *after.labels):
        rows.setdefault(tuple(sorted(labels.items())), len(rows))
    edge = before.values.shape[1]
    shape = len(rows), edge + after.values.shape[1]
    if shape[0] * shape[1] * CELL_BYTES > most_bytes:
        return None
    values, present = np.zeros(shape), np.zeros(shape, dtype=bool)
    for frame, columns in ((before, slice(None, edge)), (after, slice(edge, None))):
        places = [rows[tuple(sorted(labels.items()))] for labels in frame.labels]
        values[places, columns], present[places, columns] = frame.values, frame.present
    return Frame([dict(key) for key in rows], values, present)
