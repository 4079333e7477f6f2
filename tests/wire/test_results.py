"""Results as Loki's JSON."""

import orjson

from whodid.model.clock import SECOND
from whodid.model.result import Matrix, Row, Scalar, Series, Statistics, Streams, Vector
from whodid.wire.results import encode_data, encode_result, stream_list

ROW = Row(5, "line", {"job": "db"}, {"user": "raz"}, {"table": "User"}, 1)


def test_without_the_flag_everything_is_folded_into_the_stream() -> None:
    body = orjson.loads(encode_result(Streams([ROW])))
    assert body["status"] == "success"
    assert body["data"]["resultType"] == "streams"
    assert body["data"]["result"] == [
        {"stream": {"job": "db", "user": "raz", "table": "User"}, "values": [["5", "line"]]}
    ]
    assert "encodingFlags" not in body["data"]


def test_with_the_flag_an_entry_has_a_third_part_that_is_always_a_map() -> None:
    bare = Row(6, "bare", {"job": "db"}, {}, {})
    body = orjson.loads(encode_result(Streams([ROW, bare]), categorize=True))
    assert body["data"]["encodingFlags"] == ["categorize-labels"]
    assert body["data"]["result"] == [
        {
            "stream": {"job": "db"},
            "values": [
                ["5", "line", {"structuredMetadata": {"user": "raz"}, "parsed": {"table": "User"}}],
                ["6", "bare", {}],
            ],
        }
    ]


def test_rows_are_grouped_and_keep_their_order() -> None:
    rows = [Row(i, str(i), {"n": str(i % 2)}, {}, {}) for i in (9, 8, 7, 6)]
    assert stream_list(rows, categorize=False) == [
        {"stream": {"n": "1"}, "values": [["9", "9"], ["7", "7"]]},
        {"stream": {"n": "0"}, "values": [["8", "8"], ["6", "6"]]},
    ]


def test_label_sets_that_differ_only_in_order_are_one_stream() -> None:
    rows = [Row(1, "x", {"a": "1", "b": "2"}, {}, {}), Row(2, "y", {"b": "2"}, {"a": "1"}, {})]
    assert len(stream_list(rows, categorize=False)) == 1
    assert len(stream_list(rows, categorize=True)) == 2


def test_grouping_does_not_change_the_rows() -> None:
    stream_list([ROW, ROW], categorize=False)
    assert ROW.labels == {"job": "db"}


def test_matrix_vector_and_scalar() -> None:
    at = 1_700_000_000 * SECOND
    matrix = orjson.loads(encode_result(Matrix([Series({"a": "b"}, [(at, 1.0), (at + SECOND // 4, 0.5)])])))["data"]
    assert matrix["resultType"] == "matrix"
    assert matrix["result"] == [{"metric": {"a": "b"}, "values": [[1700000000, "1"], [1700000000.25, "0.5"]]}]
    vector = orjson.loads(encode_result(Vector(at, [({}, float("inf"))])))["data"]
    assert vector["resultType"] == "vector"
    assert vector["result"] == [{"metric": {}, "value": [1700000000, "+Inf"]}]
    scalar = orjson.loads(encode_result(Scalar(at, 2.5)))["data"]
    assert (scalar["resultType"], scalar["result"]) == ("scalar", [1700000000, "2.5"])


def test_statistics_have_the_fields_that_grafana_and_logcli_read() -> None:
    summary = orjson.loads(encode_result(Streams([ROW], Statistics(10, 500, 2.0))))["data"]["stats"]["summary"]
    assert summary["bytesProcessedPerSecond"] == 250
    assert summary["linesProcessedPerSecond"] == 5
    assert (summary["totalBytesProcessed"], summary["totalLinesProcessed"]) == (500, 10)
    assert (summary["execTime"], summary["totalEntriesReturned"]) == (2.0, 1)


def test_a_query_that_took_no_time_has_statistics_too() -> None:
    assert orjson.loads(encode_result(Streams([])))["data"]["stats"]["summary"]["bytesProcessedPerSecond"] == 0


def test_plain_lists() -> None:
    assert encode_data(["a"]) == b'{"status":"success","data":["a"]}\n'
    assert encode_result(Streams([])).endswith(b"}\n")


def test_streams_stand_in_the_order_of_their_labels() -> None:
    rows = [
        Row(9, "x", {"job": "b"}, {}, {}),
        Row(8, "y", {"job": "a", "z": "1"}, {}, {}),
        Row(7, "z", {"job": "a"}, {}, {}),
    ]
    found = orjson.loads(encode_result(Streams(rows)))["data"]["result"]
    assert [stream["stream"] for stream in found] == [{"job": "a", "z": "1"}, {"job": "a"}, {"job": "b"}]
