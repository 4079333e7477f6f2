"""Statistics: the members that Loki's clients read are there, and add up."""

from whodid.model.result import Matrix, Row, Statistics, Streams
from whodid.wire.statistics import encode_statistics

COST = Statistics(lines=100, bytes=5000, seconds=0.5)


def test_a_log_query() -> None:
    stats = encode_statistics(Streams([Row(1, "x", {}, {}, {})], COST))
    summary = stats["summary"]
    assert (summary["totalLinesProcessed"], summary["totalBytesProcessed"], summary["execTime"]) == (100, 5000, 0.5)
    assert (summary["linesProcessedPerSecond"], summary["bytesProcessedPerSecond"]) == (200, 10_000)
    assert (summary["totalEntriesReturned"], summary["totalPostFilterLines"]) == (1, 1)
    chunk = stats["querier"]["store"]["chunk"]
    assert (chunk["decompressedLines"], chunk["decompressedBytes"], chunk["postFilterLines"]) == (100, 5000, 1)


def test_every_member_of_lokis_is_there() -> None:
    stats = encode_statistics(Matrix([], COST))
    assert set(stats) == {"summary", "querier", "ingester", "cache", "index"}
    assert set(stats["ingester"]) == {"totalReached", "totalChunksMatched", "totalBatches", "totalLinesSent", "store"}
    assert set(stats["ingester"]["store"]) == set(stats["querier"]["store"])
    assert len(stats["cache"]) == 8
    assert all(len(cache) == 8 for cache in stats["cache"].values())
    assert stats["summary"]["totalPostFilterLines"] == 100
