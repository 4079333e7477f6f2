"""The sentences."""

from whodid.query.errors import PipelineError, QueryError, QueryTimeout


def test_sentences() -> None:
    assert str(PipelineError("JSONParserErr", {"b": "1", "a": "2"})).startswith(
        "pipeline error: 'JSONParserErr' for series: '{a=\"2\", b=\"1\"}'.\nUse a label filter"
    )
    assert str(QueryTimeout()).startswith("request timed out, decrease the duration of the request")
    assert all(issubclass(error, QueryError) for error in (PipelineError, QueryTimeout))
