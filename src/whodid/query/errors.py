"""What can go wrong with a query that is the asker's to repair. Words: Grafana Loki's, since its users grep for them.

`QueryError` becomes HTTP 400 at the door, `QueryTimeout` 504, `EvaluationError` 500 (as in Loki). Errors of the
language itself (syntax) belong to logql/, errors of the engine to store/; engine.py turns the latter into these.
"""

from collections.abc import Mapping

from whodid.errors import WhodidError
from whodid.model.labels import format_labels


class QueryError(WhodidError):
    """The query cannot be answered as it was asked."""


class EvaluationError(QueryError):
    """The query is well-formed, but the values that it met cannot be brought together."""


class PipelineError(QueryError):
    """A metric query kept a sample that carries `__error__`."""

    def __init__(self, error: str, labels: Mapping[str, str]) -> None:
        super().__init__(
            f"pipeline error: '{error}' for series: '{format_labels(labels)}'.\n"
            "Use a label filter to intentionally skip this error. "
            f'(e.g | __error__!="{error}").\n'
            'To skip all potential errors you can match empty errors.(e.g __error__="")\n'
            "The label filter can also be specified after unwrap. "
            '(e.g | unwrap latency | __error__="" )\n'
        )
        self.error = error


class QueryTimeout(QueryError):
    """The query took longer than `Limits.timeout_s`."""

    def __init__(self) -> None:
        super().__init__(
            "request timed out, decrease the duration of the request or add more label matchers "
            "(prefer exact match over regex match) to reduce the amount of data processed"
        )
