"""Holds the two ways of reading PostgreSQL's text log against each other: `Postgres.parse`, and its quick reader."""

from whodid.formats.format import FormatSettings
from whodid.formats.postgres import Postgres


def front(name: str, size_bytes: int) -> bytes:
    """An encoding that is easy to read again."""
    return f"{name}={size_bytes};".encode()


def unpack(packed: bytes) -> dict[str, str]:
    attributes: dict[str, str] = {}
    while packed:
        name, _, rest = packed.partition(b"=")
        size, _, rest = rest.partition(b";")
        assert name.decode() not in attributes, "one attribute is there twice"
        attributes[name.decode()] = rest[: int(size)].decode("utf-8", "replace")
        packed = rest[int(size) :]
    return attributes


def check(prefix: str, records: list[str]) -> int:
    """Compares both ways over one log; how many records were read quickly."""
    careful, both = (Postgres(FormatSettings(line_prefix=prefix)) for _ in range(2))
    quick_reader, left = both.quick(front), set[int]()
    expected = [careful.parse(record) for record in records]
    heads = quick_reader.heads([record.partition("\n")[0] for record in records])
    attributes: list[bytes] = []
    instants: list[int | None] = []
    for _ in quick_reader.read(records, heads, attributes, instants):
        at = len(attributes)
        assert at == len(instants)
        assert both.parse(records[at]) == expected[at]
        left.add(at)
        attributes.append(b"")
        instants.append(None)
    for at, (record, wanted, packed, ns) in enumerate(zip(records, expected, attributes, instants, strict=True)):
        if at not in left:
            assert (unpack(packed), ns) == (wanted.attributes, wanted.ns), record
            assert wanted.line is record
            assert wanted.understood
    return len(records) - len(left)
