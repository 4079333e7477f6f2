"""Real journal files, written by systemd-journal-remote out of the export format, for journalctl to read."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

_REMOTE = "/lib/systemd/systemd-journal-remote"
BEGIN_US = 1_795_415_555_000_000
BOOT = "5c1e0d2b7a9f4e63b1d2c3e4f5a60718"


def why_not() -> str:
    """Why there can be no journal here; empty if there can."""
    if shutil.which("journalctl") is None:
        return "needs journalctl"
    return "" if Path(_REMOTE).exists() else "needs systemd-journal-remote (apt-get install systemd-journal-remote)"


def export_text(number: int, fields: Mapping[str, bytes]) -> bytes:
    """One record in the export format, the `number`-th millisecond of the story."""
    head = {
        "__REALTIME_TIMESTAMP": str(BEGIN_US + number * 1000).encode(),
        "__MONOTONIC_TIMESTAMP": str(1_000_000 + number * 1000).encode(),
        "_BOOT_ID": BOOT.encode(),
    }
    out = b""
    for name, value in {**head, **fields}.items():
        printable = value.isascii() and all(byte >= 32 or byte == 9 for byte in value)
        text = b"=" + value if printable else b"\n" + len(value).to_bytes(8, "little") + value
        out += name.encode() + text + b"\n"
    return out + b"\n"


def write_journal(path: Path, records: Iterable[tuple[int, Mapping[str, bytes]]]) -> None:
    """Appends records to a journal file."""
    data = b"".join(export_text(number, fields) for number, fields in records)
    done = subprocess.run([_REMOTE, "-o", str(path), "-"], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
