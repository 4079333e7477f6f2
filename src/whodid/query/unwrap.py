"""`| unwrap took`, `bytes(size)`, `duration(took)`: the number that a line brings to a range aggregation.

A line without the label, or with an empty one, brings nothing. A text that is no number brings 0 and the mark
`SampleExtractionErr`; the label filters behind `unwrap` run afterwards, so that they can drop it. samples.py calls it.
Source: LogQL's manual, "Unwrapped range aggregations".
"""

from collections.abc import Callable, Mapping

from whodid.logql.ast import Unwrap
from whodid.model.go_numbers import parse_duration_s, parse_float
from whodid.query.go_values import parse_size_bytes
from whodid.query.line import Line
from whodid.query.stages import label_filter

FAILED = "SampleExtractionErr"

Value = Callable[[Line], float | None]
"""The line's number; None if it has none or a filter drops it. It may mark the line with `__error__`."""


_CONVERSIONS: Mapping[str | None, Callable[[str], float]] = {
    None: parse_float,
    "bytes": parse_size_bytes,
    "duration": parse_duration_s,
    "duration_seconds": parse_duration_s,
}


def apply(unwrap: Unwrap) -> Value:
    """The unwrap as a function of a line that has come through the pipeline. Raises QueryError for a bad filter."""
    name, convert = unwrap.label, _CONVERSIONS[unwrap.conversion]
    filters = [label_filter.apply(stage) for stage in unwrap.filters]

    def value(line: Line) -> float | None:
        text = line.get(name)
        if not text:
            return None
        try:
            number = float(convert(text))
        except ValueError as e:
            number = 0.0
            line.fail(FAILED, str(e))
        return number if all(keeps(line) for keeps in filters) else None

    return value
