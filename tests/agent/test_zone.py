"""The host's zone from TZ or /etc/localtime."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from whodid.agent.zone import host_zone


def test_tz_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TZ", ":Asia/Jerusalem")
    assert host_zone(tmp_path) == ZoneInfo("Asia/Jerusalem")
    monkeypatch.setenv("TZ", "nonsense/zone")
    assert host_zone(tmp_path) is UTC


def test_localtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TZ", raising=False)
    assert host_zone(tmp_path) is UTC
    (tmp_path / "etc").mkdir()
    for root in ("/usr/share/zoneinfo",):
        source = Path(root) / "Asia/Jerusalem"
        if not source.exists():
            pytest.skip("no zone database in files on this machine")
        (tmp_path / "etc/localtime").write_bytes(source.read_bytes())
    offset = host_zone(tmp_path).utcoffset(datetime(2026, 7, 1))
    assert offset is not None
    assert offset.total_seconds() == 3 * 3600
