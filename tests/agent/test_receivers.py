"""Which receivers a source asks for, and what its records become: with Promtail's settings just what Promtail sends."""

from pathlib import Path
from typing import Any

import pytest

from kit.agent_parts import StillClock, agent_settings
from whodid.agent.batch import BatchBuilder
from whodid.agent.collector import Collector
from whodid.agent.health import Health
from whodid.agent.inboxes import Inboxes
from whodid.agent.positions import Positions
from whodid.agent.receivers import Begins, inbox_directories, make_inlets, receivers_of
from whodid.agent.settings import SourceSettings
from whodid.formats import make_format
from whodid.model.entry import Entry
from whodid.sources.file_sd import FileSdSettings
from whodid.sources.journal import JournalReceiver, JournalSettings
from whodid.sources.push import PushSettings
from whodid.sources.receiver import Origin, Received
from whodid.sources.syslog import SyslogSettings
from whodid.wire.push_protobuf import encode_stream, iter_entries

PROMTAIL: dict[str, Any] = {"automatic_labels": False, "labels": {"job": "j"}}
SAID_S = 1_795_399_000
FIELDS = {
    "__CURSOR": "s=1",
    "__REALTIME_TIMESTAMP": f"{SAID_S}000000",
    "MESSAGE": "<said>",
    "_SYSTEMD_UNIT": "a.service",
}
UNIT = ({"source_labels": ["__journal__systemd_unit"], "target_label": "unit"},)


async def arrives(tmp_path: Path, source: SourceSettings, origin: Origin, record: Received) -> list[tuple[str, Entry]]:
    """What the server gets of a record that came in: its labels as text, and the entry."""
    clock = StillClock()
    inboxes = Inboxes(source, tmp_path / "inbox", clock)
    await inboxes(origin).put([record])
    settings = agent_settings(tmp_path, "none")
    positions = Positions(settings.state_dir, 0, sync=lambda fd: None)
    plain = SourceSettings("none", "plain", (str(tmp_path / "none"),))
    settings = type(settings)(settings.server, "here", settings.state_dir, (plain,))
    collector = Collector(settings, positions, make_format, clock, Health(), [inboxes.sources])
    batch = BatchBuilder(100, 1 << 20)
    for _ in range(3):
        collector.refresh()
        collector.fill(batch)
        clock.seconds += 1
    collector.close()
    inboxes.close()
    return [
        (labels, entry)
        for labels, entries in batch._streams.items()
        for raw in entries
        for _, entry in iter_entries(encode_stream("{}", [raw]))
    ]


def record_of(source: SourceSettings) -> Received:
    """A record of the journal, as this source's receiver makes it."""
    ((kind, receiver),) = receivers_of(source, StillClock(), Begins())
    assert kind == "journal"
    assert isinstance(receiver, JournalReceiver)
    record = receiver._record(FIELDS)
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("json", "line"),
    [(False, "<said>"), (True, r'{"MESSAGE":"\u003csaid\u003e","_SYSTEMD_UNIT":"a.service"}')],
)
async def test_the_journal_as_promtail_has_it(tmp_path: Path, json: bool, line: str) -> None:
    source = SourceSettings("j", "raw", journal=JournalSettings(json=json), relabel_configs=UNIT, **PROMTAIL)
    ((labels, entry),) = await arrives(tmp_path, source, Origin("journal", format="journal"), record_of(source))
    assert (labels, entry.line, dict(entry.metadata)) == ('{job="j", unit="a.service"}', line, {})
    assert entry.ns == SAID_S * 10**9


async def test_the_journal_as_whodid_reads_it(tmp_path: Path) -> None:
    source = SourceSettings("j", "", journal=JournalSettings(json=True))
    ((labels, entry),) = await arrives(tmp_path, source, Origin("journal", format="journal"), record_of(source))
    assert labels == '{host="here", job="j", unit="a.service"}'
    assert entry.line.startswith('{"MESSAGE":"<said>"')


async def test_syslog_and_containers_as_promtail_has_them(tmp_path: Path) -> None:
    rule = ({"source_labels": ["__meta_name"], "target_label": "name"},)
    source = SourceSettings("s", "raw", syslog=SyslogSettings(), relabel_configs=rule, **PROMTAIL)
    record = Received(
        "hello", 5, {"stream": "stdout"}, {"severity": "err", "sender": "192.0.2.1"}, {"__meta_name": "n"}
    )
    origin = Origin("o", {"container": "c", "job": "theirs"}, {"__meta_x": "x"})
    ((labels, entry),) = await arrives(tmp_path, source, origin, record)
    assert (labels, entry.line, dict(entry.metadata), entry.ns) == ('{job="j", name="n"}', "hello", {}, 5)


async def test_pushes_keep_what_was_pushed_but_for_configured_labels(tmp_path: Path) -> None:
    source = SourceSettings("p", "raw", push=PushSettings(), **PROMTAIL)
    record = Received("hello", 5, {"job": "theirs", "env": "test"}, {"trace": "1"})
    ((labels, entry),) = await arrives(tmp_path, source, Origin("o"), record)
    assert (labels, dict(entry.metadata)) == ('{env="test", job="j"}', {"trace": "1"})


def test_where_things_begin_and_what_finds_files(tmp_path: Path) -> None:
    (tmp_path / "t.yml").write_text("[{targets: [l], labels: {__path__: /x}}]")
    journal = SourceSettings("j", "raw", journal=JournalSettings())
    listed = SourceSettings("l", "raw", file_sd=FileSdSettings((f"{tmp_path}/t.yml",)))
    settings = agent_settings(tmp_path, "none")
    settings = type(settings)(settings.server, "here", settings.state_dir, (journal, listed, journal))
    begins = Begins({"j": "s=7"})
    inlets, (find,) = make_inlets(settings, StillClock(), lambda: None, begins)
    assert [inlet.name for inlet in inlets] == ["j (journal)", "j (journal)"]
    assert isinstance(inlets[0].receiver, JournalReceiver)
    assert inlets[0].receiver._begin == "s=7"
    assert [source.paths for source in find()] == [("/x",)]
    assert [path.name for path in inbox_directories(settings)] == ["j", "l", "j-2"]
