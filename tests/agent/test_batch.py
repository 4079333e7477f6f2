"""A batch: grouped by stream, one span per file, a key of its own."""

import cramjam

from whodid.agent.batch import BatchBuilder, Span
from whodid.model.entry import Entry
from whodid.sources.source import Place
from whodid.wire.push_protobuf import encode_entry, iter_entries


def span(id: str, begin: int, end: int) -> Span:
    return Span("job", Place(id, f"/l/{id}.log", 1, 2, 0, "", end, "", 0), begin, end, True)


def test_seal() -> None:
    builder = BatchBuilder(10, 1000)
    for labels, text, where in (('{a="1"}', "x", span("f", 0, 2)), ('{a="2"}', "y", span("g", 5, 7))):
        builder.add(labels, [encode_entry(Entry(1, text, {}))], 1, 10, where)
    builder.add('{a="1"}', [encode_entry(Entry(2, "z", {"k": "v"}))], 1, 10, span("f", 2, 4))
    batch = builder.seal("agent")
    raw = bytes(cramjam.snappy.decompress_raw(batch.body))
    assert list(iter_entries(raw)) == [
        ('{a="1"}', Entry(1, "x", {})),
        ('{a="1"}', Entry(2, "z", {"k": "v"})),
        ('{a="2"}', Entry(1, "y", {})),
    ]
    assert [str(s) for s in batch.spans] == ["/l/f.log bytes 0 to 4", "/l/g.log bytes 5 to 7"]
    assert batch.entries == 3
    assert bytes.fromhex(batch.key)
    assert batch.key != builder.seal("agent").key


def test_full_by_entries_or_by_bytes() -> None:
    builder = BatchBuilder(2, 100)
    builder.add("{}", [b""], 1, 10, span("f", 0, 1))
    assert not builder.full
    assert builder.room == (1, 90)
    builder.add("{}", [b""], 1, 10, span("f", 1, 2))
    assert builder.full
    builder = BatchBuilder(2, 100)
    builder.add("{}", [b""], 1, 101, span("f", 0, 1))
    assert builder.full


def test_a_batch_is_for_one_tenant() -> None:
    builder = BatchBuilder(10, 1000)
    assert builder.takes("team-a")
    builder.add("{}", [b""], 1, 10, span("f", 0, 1))
    assert builder.takes("team-a")
    assert not builder.full
    assert not builder.takes("")
    assert builder.full  # the other tenant's lines wait for the next one
    assert builder.seal("agent").tenant == "team-a"
