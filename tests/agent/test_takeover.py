"""Promtail's positions, taken over once: what is read on where, what begins anew, what is told."""

import json
import logging
from pathlib import Path

import pytest

from kit.agent_parts import StillClock, agent_settings, tiny_format
from whodid.agent.batch import BatchBuilder
from whodid.agent.collector import Collector
from whodid.agent.health import Health
from whodid.agent.positions import Positions
from whodid.agent.receivers import docker_logs
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.agent.takeover import FILE_NAME, PositionsUnreadable, take_over
from whodid.formats import make_format
from whodid.formats.format import Format, FormatSettings
from whodid.sources.docker import DockerSettings
from whodid.sources.file_sd import FileSdSettings


class Bench:
    """An agent's start: what it takes over, and what its collector reads then."""

    def __init__(self, tmp_path: Path, *sources: SourceSettings) -> None:
        self.root, self.clock = tmp_path, StillClock()
        self.file = tmp_path / "positions.yaml"
        (tmp_path / "logs").mkdir(exist_ok=True)
        settings = agent_settings(tmp_path, "*.log", promtail_positions=self.file)
        self.settings = AgentSettings(
            settings.server, "here", settings.state_dir, sources or settings.sources, promtail_positions=self.file
        )
        self.positions = Positions(self.settings.state_dir, 0, sync=lambda fd: None)

    def take(self, positions: str = "") -> None:
        if positions:
            self.file.write_text(f"positions:\n{positions}")
        self.taken = take_over(self.settings, self.positions, self.clock, sync=lambda fd: None)

    def lines(self) -> list[str]:
        """What is read now, and acknowledged."""
        found = [logs.sources for source in self.settings.sources if (logs := docker_logs(source, self.clock))]
        collector = Collector(self.settings, self.positions, maker, self.clock, Health(), found)
        batch = BatchBuilder(100, 1 << 20)
        for _ in range(3):
            collector.refresh()
            collector.fill(batch)
            self.clock.seconds += 1
        shown = [str(entry) for entries in batch._streams.values() for entry in entries]
        if shown:
            self.positions.acknowledge(self.positions.begin(batch.seal("a")))
        collector.close()
        self.positions.save()
        return [text for text in WORDS if any(text in one for one in shown)]

    def again(self) -> "Bench":
        return Bench(self.root, *self.settings.sources)


WORDS = ("alpha", "beta", "gamma", "delta")


def maker(name: str, settings: FormatSettings) -> Format:
    return tiny_format(name, settings) if name == "tiny" else make_format(name, settings)


def test_files_are_read_on_where_promtail_stood(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench = Bench(tmp_path)
    log, other = tmp_path / "logs" / "a.log", tmp_path / "logs" / "b.log"
    log.write_text("1 alpha\n2 beta\n")
    (tmp_path / "logs" / "a.log.1").write_text("0 delta\n")
    other.write_text("3 gamma\n")
    bench.take(f"  {log}: '8'\n  /elsewhere: '7'\n  cursor-event-log: '<x/>'\n")
    assert bench.lines() == ["beta", "gamma"]
    assert [message for message in caplog.messages if "Promtail" in message or "its positions" in message] == [
        f"took over from Promtail ({bench.file}): 1 files, 0 journals, 0 containers (0 of them on the disk)",
        "1 of its positions are known to Promtail and not followed here: /elsewhere",
        "1 of its positions are no positions of files, journals or containers: cursor-event-log",
    ]


def test_a_file_that_is_shorter_begins_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench, log = Bench(tmp_path), tmp_path / "logs" / "a.log"
    log.write_text("1 alpha\n")
    (tmp_path / "logs" / "a.log.1").write_text("0 delta\n")  # nobody knows what of it Promtail had read
    bench.take(f"  {log}: '800'\n")
    assert bench.lines() == ["alpha"]
    assert f"new ones and read from their beginning: {log}" in caplog.text


def test_it_happens_once(tmp_path: Path) -> None:
    bench, log = Bench(tmp_path), tmp_path / "logs" / "a.log"
    log.write_text("1 alpha\n2 beta\n")
    bench.take(f"  {log}: '8'\n  cursor-sys: s=ab;i=1;b=c;m=1;t=2;x=3\n  cursor-0a1b: '1767607200'\n")
    assert (bench.taken.journals, bench.taken.containers) == (
        {"sys": "s=ab;i=1;b=c;m=1;t=2;x=3"}, {"0a1b": 1767607200}
    )  # fmt: skip
    assert bench.lines() == ["beta"]
    later = bench.again()
    later.take(f"  {log}: '0'\n  cursor-0a1b: '1'\n  {tmp_path}/logs/new.log: '5'\n")
    assert later.taken == bench.taken  # what is no file counts until its inbox has something
    (tmp_path / "logs" / "new.log").write_text("3 gamma\n")
    assert later.lines() == ["gamma"]


def test_what_the_agent_knows_already_counts(tmp_path: Path) -> None:
    bench, log = Bench(tmp_path), tmp_path / "logs" / "a.log"
    log.write_text("1 alpha\n2 beta\n")
    assert bench.lines() == ["alpha", "beta"]
    later = bench.again()
    later.take(f"  {log}: '8'\n")
    assert later.lines() == []


def test_a_crash_before_it_is_noted_does_no_harm(tmp_path: Path) -> None:
    bench, log = Bench(tmp_path), tmp_path / "logs" / "a.log"
    log.write_text("1 alpha\n2 beta\n")
    bench.take(f"  {log}: '8'\n")
    (bench.settings.state_dir / FILE_NAME).unlink()
    assert bench.lines() == ["beta"]
    later = bench.again()
    later.take()
    assert later.lines() == []


def test_files_of_a_list_of_targets(tmp_path: Path) -> None:
    log = tmp_path / "listed"
    log.write_text("1 alpha\n2 beta\n")
    (tmp_path / "t.json").write_text(json.dumps([{"targets": ["l"], "labels": {"__path__": str(log)}}]))
    bench = Bench(tmp_path, SourceSettings("shop", "tiny", file_sd=FileSdSettings((f"{tmp_path}/t.json",))))
    bench.take(f"  {log}: '8'\n")
    (position,) = bench.positions.to_read_on("shop")
    assert (position.place.path, position.place.offset) == (str(log), 8)


ID = "c0ffee" * 10 + "beef"


def container(tmp_path: Path) -> Path:
    directory = tmp_path / "docker" / "containers" / ID
    directory.mkdir(parents=True)
    config = {"ID": ID, "Name": "/shop", "Config": {"Image": "shop"}, "State": {"Running": True}}
    (directory / "config.v2.json").write_text(json.dumps(config))
    (directory / "hostconfig.json").write_text('{"LogConfig": {"Type": "json-file"}}')
    return directory / f"{ID}-json.log"


def line(text: str, second: int) -> str:
    return json.dumps({"log": f"{text}\n", "stream": "stdout", "time": f"2026-01-05T10:00:{second:02}.5Z"}) + "\n"


AT = 1_767_607_200  # 2026-01-05 10:00 UTC


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(AT + 1, ["alpha", "beta", "gamma"]), (AT + 2, ["beta", "gamma"]), (AT + 3, ["gamma"]), (AT + 9, [])],
)
def test_containers_whose_logs_are_on_the_disk(tmp_path: Path, seconds: int, expected: list[str]) -> None:
    log = container(tmp_path)
    log.with_name(f"{log.name}.1").write_text(line("alpha", 1) + line("beta", 2))
    log.write_text(line("gamma", 3))
    docker = DockerSettings(directory=str(tmp_path / "docker"))
    bench = Bench(tmp_path, SourceSettings("docker", "raw", docker=docker))
    bench.take(f"  cursor-{ID}: '{seconds}'\n")
    assert bench.lines() == expected
    with log.open("a") as file:
        file.write(line("delta", 10))
    assert bench.again().lines() == ["delta"]


def test_no_positions_at_all(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.take()
    assert bench.taken.file == ""
    (tmp_path / "logs" / "a.log").write_text("1 alpha\n")
    assert bench.lines() == ["alpha"]


@pytest.mark.parametrize("text", [b"positions: [", b"\xff", b"other: {}"])
def test_positions_that_cannot_be_read_are_no_reason_to_send_all_again(tmp_path: Path, text: bytes) -> None:
    bench = Bench(tmp_path)
    bench.file.write_bytes(text)
    with pytest.raises(PositionsUnreadable, match="mend the file, or remove it"):
        bench.take()
