"""The file without a name through which bodies reach the engine."""

from pathlib import Path

from whodid.ingest.spool import Spool
from whodid.wire.push_protobuf import SCHEMA


def _messages(envelope: bytes) -> list[bytes]:
    """Its messages, read by the book: a length, then tag 10, length and content of each."""

    def varint(at: int) -> tuple[int, int]:
        value, shift = 0, 0
        while True:
            value |= (envelope[at] & 0x7F) << shift
            if envelope[at] < 0x80:
                return value, at + 1
            at, shift = at + 1, shift + 7

    size, at = varint(0)
    assert size == len(envelope) - at
    found = []
    while at < len(envelope):
        assert envelope[at] == 0x0A
        size, at = varint(at + 1)
        found.append(envelope[at : at + size])
        at += size
    return found


def test_it_holds_the_bodies_of_one_commit(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for messages in ([b"one longer message", b"two"], [b"x"], [b"y" * 300]):
        spool.fill(messages)
        assert _messages(Path(spool.path).read_bytes()) == messages
    spool.clear()
    assert Path(spool.path).read_bytes() == b""
    spool.close()
    assert not Path(spool.path).exists()


def test_nothing_of_a_line_has_a_name_in_the_file_system(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.fill([b"secret line"])
    [schema] = tmp_path.iterdir()
    assert spool.schema == f"{schema}:Stream"
    assert schema.read_text() == SCHEMA
    assert "deleted" in str(Path(spool.path).readlink())
    spool.close()
