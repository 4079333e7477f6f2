"""What a file's lines would become: the same as what is sent."""

import io
from pathlib import Path

from kit.agent_parts import EPOCH_S, StillClock, agent_settings, tiny_format
from whodid.agent.dry_run import DryRun
from whodid.model.clock import SECOND


def test_entries_as_they_would_be_sent(tmp_path: Path) -> None:
    settings = agent_settings(tmp_path, "*.log")
    run = DryRun(settings, settings.sources[0], "/x/a.log", tiny_format, StillClock())
    first, second, third = run.read(io.BytesIO(b"5 one\n\tmore\nodd\n6 half"))
    assert (first.ns, first.line, first.attributes) == ((EPOCH_S + 5) * SECOND, "5 one\n\tmore", {"stamp": "5"})
    assert first.labels == '{filename="/x/a.log", host="here", job="test"}'
    assert (second.line, second.understood, second.ns) == ("odd", False, (EPOCH_S + 5) * SECOND + 1)
    assert (third.line, third.understood) == ("6 half", True)


def test_an_empty_file_becomes_nothing(tmp_path: Path) -> None:
    settings = agent_settings(tmp_path, "*.log")
    assert list(DryRun(settings, settings.sources[0], "/x", tiny_format, StillClock()).read(io.BytesIO(b""))) == []
