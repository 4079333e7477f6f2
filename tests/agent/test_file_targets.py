"""Targets of a file_sd as sources: relabelled once, found and lost while the agent runs."""

import socket
from pathlib import Path

import pytest

from kit.agent_parts import StillClock, agent_settings, tiny_format
from whodid.agent.batch import BatchBuilder
from whodid.agent.collector import Collector
from whodid.agent.file_targets import FileTargets
from whodid.agent.health import Health
from whodid.agent.positions import Positions
from whodid.agent.settings import SourceSettings
from whodid.promtail import Relabel
from whodid.promtail.braces import alternatives
from whodid.sources.file_sd import FileSdSettings

RULES = (
    {"source_labels": ["__path__"], "regex": "/var/log/(.*)/.*", "target_label": "app"},
    {"source_labels": ["__meta_filepath"], "regex": ".*/(.*)[.]yml", "target_label": "list"},
    {"source_labels": ["gone"], "regex": "yes", "action": "drop"},
)


def targets(file: Path, clock: StillClock | None = None, **more: object) -> FileTargets:
    file_sd = FileSdSettings((str(file),))
    own = SourceSettings("shop", "tiny", file_sd=file_sd, relabel_configs=RULES, **more)  # type: ignore[arg-type]
    return FileTargets(own, file_sd, clock or StillClock(), Relabel(own.relabel_configs).apply, alternatives)


def test_a_target_becomes_a_source(tmp_path: Path) -> None:
    (tmp_path / "shop.yml").write_text(
        "- targets: [localhost]\n"
        "  labels: {__path__: '/var/log/web/{a,b}.log', __path_exclude__: '*.old', env: prod}\n"
        "- {targets: [localhost], labels: {__path__: /x, gone: 'yes'}}\n"
    )
    found = targets(tmp_path / "shop.yml", labels={"team": "t"}, pipeline_stages=({"docker": None},))
    assert found.sources() == [
        SourceSettings(
            "shop",
            "tiny",
            paths=("/var/log/web/a.log", "/var/log/web/b.log"),
            exclude=("*.old",),
            labels={"team": "t", "env": "prod", "app": "web", "list": "shop"},
            pipeline_stages=({"docker": None},),
        )
    ]
    assert found.sources() is found.sources()


def test_targets_of_other_hosts_and_of_no_path(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.yml").write_text(
        "- {targets: [l], labels: {__path__: /a, __host__: elsewhere}}\n"
        f"- {{targets: [l], labels: {{__path__: /b, __host__: {socket.gethostname()}}}}}\n"
        "- {targets: [l], labels: {x: y}}\n"
        "- {targets: [l], labels: {__path__: /b, x: other}}\n"
    )
    found = targets(tmp_path / "a.yml")
    assert [(source.paths, source.labels) for source in found.sources()] == [(("/b",), {"list": "a"})]
    assert caplog.messages == [
        f"job shop: a target of {tmp_path}/a.yml has no __path__, and follows nothing",
        "job shop: /b is named by two targets; it has the labels of the first",
    ]


class Bench:
    """A collector that follows what a list names."""

    def __init__(self, tmp_path: Path) -> None:
        self.list, self.clock = tmp_path / "list.yml", StillClock()
        self.settings = agent_settings(tmp_path, "none")
        self.positions = Positions(self.settings.state_dir, 0, sync=lambda fd: None)
        found = targets(self.list, self.clock)
        self.collector = Collector(self.settings, self.positions, tiny_format, self.clock, Health(), [found.sources])

    def shows(self) -> dict[str, int]:
        """How many entries come now, by their labels; all of it is acknowledged."""
        self.clock.seconds += 2
        self.collector.refresh()
        batch = BatchBuilder(100, 1 << 20)
        self.collector.fill(batch)
        self.clock.seconds += 1
        self.collector.fill(batch)
        if not batch.entries:
            return {}
        shown = {labels: len(entries) for labels, entries in batch._streams.items()}
        self.positions.acknowledge(self.positions.begin(batch.seal("a")))
        return shown


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_targets_appear_change_and_disappear_while_the_agent_runs(tmp_path: Path) -> None:
    bench, log = Bench(tmp_path), tmp_path / "a.log"
    append(log, "1 one\n")
    assert bench.shows() == {}
    bench.list.write_text(f"[{{targets: [l], labels: {{__path__: {log}, env: test}}}}]")
    common = f'filename="{log}", host="here", job="shop", list="list"'
    assert bench.shows() == {f'{{env="test", {common}}}': 1}
    bench.list.write_text(f"[{{targets: [l], labels: {{__path__: {log}, env: prod}}}}]")
    assert bench.shows() == {}
    append(log, "2 two\n3 three\n")
    assert bench.shows() == {f'{{env="prod", {common}}}': 2}  # the same file goes on, with its new labels
    bench.list.write_text("[]")
    assert bench.shows() == {}
    append(log, "4 four\n")
    assert bench.shows() == {}
    bench.list.write_text(f"[{{targets: [l], labels: {{__path__: {log}}}}}]")
    assert bench.shows() == {f"{{{common}}}": 1}  # what was written meanwhile, and nothing twice
    bench.collector.close()
