"""The `stats` object of a query's answer: all members of Loki's, so that its clients find what they print.

whodid has one store and no caches, chunks, ingesters or bloom filters: what it reads stands under
`querier.store.chunk` and in the summary, all else is zero. Source: Grafana Loki 3.7, pkg/logqlmodel/stats.
"""

from typing import Any

from whodid.model.result import Result, Statistics, Streams

_CACHES = (
    "chunk", "index", "result", "statsResult", "volumeResult", "seriesResult", "labelResult", "instantMetricResult",
)  # fmt: skip
_CACHE = (
    "entriesFound", "entriesRequested", "entriesStored", "bytesReceived", "bytesSent", "requests", "downloadTime",
    "queryLengthServed",
)  # fmt: skip


def encode_statistics(result: Result) -> dict[str, Any]:
    """What the query cost, for JSON."""
    cost = result.statistics
    returned = len(result.rows) if isinstance(result, Streams) else 0
    kept = returned if isinstance(result, Streams) else cost.lines
    return {
        "summary": _summary(cost, returned, kept),
        "querier": {"store": _store(cost.lines, cost.bytes, kept)},
        "ingester": {
            "totalReached": 0,
            "totalChunksMatched": 0,
            "totalBatches": 0,
            "totalLinesSent": 0,
            "store": _store(0, 0, 0),
        },
        "cache": {cache: dict.fromkeys(_CACHE, 0) for cache in _CACHES},
        "index": {"totalChunks": 0, "postFilterChunks": 0, "shardsDuration": 0, "usedBloomFilters": False},
    }


def _summary(cost: Statistics, returned: int, kept: int) -> dict[str, Any]:
    seconds = max(cost.seconds, 1e-9)
    return {
        "bytesProcessedPerSecond": int(cost.bytes / seconds),
        "linesProcessedPerSecond": int(cost.lines / seconds),
        "totalBytesProcessed": cost.bytes,
        "totalLinesProcessed": cost.lines,
        "execTime": cost.seconds,
        "queueTime": 0,
        "subqueries": 0,
        "totalEntriesReturned": returned,
        "splits": 1,
        "shards": 1,
        "totalPostFilterLines": kept,
        "totalStructuredMetadataBytesProcessed": 0,
    }


def _store(lines: int, size_bytes: int, kept: int) -> dict[str, Any]:
    return {
        "totalChunksRef": 0,
        "totalChunksDownloaded": 0,
        "chunksDownloadTime": 0,
        "queryReferencedStructuredMetadata": False,
        "chunk": {
            "headChunkBytes": 0,
            "headChunkLines": 0,
            "decompressedBytes": size_bytes,
            "decompressedLines": lines,
            "compressedBytes": 0,
            "totalDuplicates": 0,
            "postFilterLines": kept,
            "headChunkStructuredMetadataBytes": 0,
            "decompressedStructuredMetadataBytes": 0,
        },
        "chunkRefsFetchTime": 0,
        "congestionControlLatency": 0,
        "pipelineWrapperFilteredLines": 0,
    }
