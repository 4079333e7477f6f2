"""The order of steps, and what the collector gives to whom: one in flight, turns for every path, wrong settings."""

from dataclasses import replace
from pathlib import Path

import cramjam
import pytest

from kit.agent_parts import StillClock, agent_settings, tiny_format
from whodid.agent.batch import Batch
from whodid.agent.collector import Collector, UnknownZone
from whodid.agent.health import Health
from whodid.agent.positions import Positions
from whodid.agent.pump import Pump
from whodid.agent.settings import AgentSettings
from whodid.wire.push_protobuf import iter_entries


class Bench:
    """A pump on a temporary directory."""

    def __init__(self, settings: AgentSettings) -> None:
        self.clock, self.health = StillClock(), Health()
        self.positions = Positions(settings.state_dir, 0)
        self.collector = Collector(settings, self.positions, tiny_format, self.clock, self.health)
        self.pump = Pump(self.collector, self.positions, self.health, settings.max_batch_entries, 1 << 20)


def lines(batch: Batch | None) -> list[str]:
    assert batch is not None
    return [entry.line for _, entry in iter_entries(bytes(cramjam.snappy.decompress_raw(batch.body)))]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def test_one_in_flight_and_reading_stops_when_the_next_is_full(logs: Path) -> None:
    (logs / "a.log").write_text("".join(f"{i} a\n" for i in range(10)))
    bench = Bench(agent_settings(logs.parent, "*.log", max_batch_entries=3))
    bench.pump.look()
    assert bench.pump.fill()
    assert lines(bench.pump.launch()) == ["0 a", "1 a", "2 a"]
    assert bench.pump.fill()
    assert bench.pump.full
    assert bench.pump.launch() is None
    assert bench.pump.fill()  # sealed already: nothing more goes in
    assert bench.health.entries_read == 6
    bench.pump.settle(refused=False)
    assert lines(bench.pump.launch()) == ["3 a", "4 a", "5 a"]
    bench.pump.settle(refused=True)
    assert (bench.health.entries_sent, bench.health.entries_refused) == (3, 3)
    bench.collector.measure_lag()
    assert bench.health.lag_bytes == {str(logs / "a.log"): 4 * 4}
    bench.collector.close()


def test_a_file_that_never_rests_does_not_starve_another(logs: Path) -> None:
    (logs / "busy.log").write_text("".join(f"{i} busy\n" for i in range(1000)))
    (logs / "quiet.log").write_text("1 quiet\n2 quiet\n")
    bench = Bench(agent_settings(logs.parent, "*.log", max_batch_entries=10))
    bench.pump.look()
    sent: list[str] = []
    for _ in range(3):
        bench.pump.fill()
        sent += lines(bench.pump.launch())
        bench.pump.settle(refused=False)
    assert "1 quiet" in sent
    bench.collector.close()


def test_a_gone_file_is_buried_only_when_it_is_acknowledged(logs: Path) -> None:
    (logs / "a.log").write_text("1 a\n")
    bench = Bench(agent_settings(logs.parent, "*.log"))
    bench.pump.look()
    bench.pump.fill()
    (logs / "a.log").unlink()
    for _ in range(3):
        bench.clock.seconds += 40
        bench.pump.look()
        bench.pump.fill()
    bench.pump.launch()
    (position,) = bench.positions.to_read_on("test")
    assert position.gone_at_ns is None
    bench.pump.settle(refused=False)
    bench.pump.look()
    (position,) = bench.positions.to_read_on("test")
    assert position.gone_at_ns is not None
    bench.collector.close()


def test_unknown_zone_is_an_error_that_says_what_to_write(tmp_path: Path) -> None:
    settings = agent_settings(tmp_path, "*.log")
    wrong = replace(settings, sources=(replace(settings.sources[0], timezone="Mars/Base"),))
    with pytest.raises(UnknownZone, match="source test: no time zone 'Mars/Base'"):
        Bench(wrong)
