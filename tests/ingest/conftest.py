"""Fixtures of the write path's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kit.ingest_bench import IngestBench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[IngestBench]:
    """A started write path with a tenant of its own."""
    bench = IngestBench(tmp_path)
    await bench.start()
    yield bench
    await bench.stop()
