"""The trail is stored where no query of the team's logs meets it."""

from kit.ingest_bench import IngestBench
from whodid.ingest.trail import TRAIL_TENANT, Trail
from whodid.store.streams import StreamIndex


async def test_an_event_is_durable_and_apart(bench: IngestBench) -> None:
    trail = Trail(bench.ingest, bench.clock)
    [task] = await bench.enqueue(trail.record("look", "noa looked", {"user": "noa", "client": "", "n": bench.tenant}))  # type: ignore[arg-type]
    bench.clock.advance(1)
    await task
    assert await bench.lines() == []
    index = StreamIndex(bench.store)
    await index.load()
    ids = [i for i, labels in index.streams(TRAIL_TENANT).items() if labels.get("event") == "look"]
    table = await bench.store.select(
        f"SELECT line, metadata FROM lines WHERE stream_id IN ({', '.join(map(str, ids))}) "
        f"AND metadata['n'] = '{bench.tenant}'"
    )
    assert table.to_pylist() == [{"line": "noa looked", "metadata": [("user", "noa"), ("n", bench.tenant)]}]
