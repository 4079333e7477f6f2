"""The file without a name through which bodies reach the engine."""

from pathlib import Path

from whodid.ingest.spool import Spool
from whodid.wire.push_rows import SCHEMA


def test_it_holds_the_rows_of_one_group(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for rows in (b"one longer row", b"x", b"y" * 300):
        spool.fill(rows)
        assert Path(spool.path).read_bytes() == rows
    spool.clear()
    assert Path(spool.path).read_bytes() == b""
    spool.close()
    assert not Path(spool.path).exists()


def test_nothing_of_a_line_has_a_name_in_the_file_system(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.fill(b"secret line")
    [schema] = tmp_path.iterdir()
    assert spool.schema == f"{schema}:Row"
    assert schema.read_text() == SCHEMA
    assert "deleted" in str(Path(spool.path).readlink())
    spool.close()
