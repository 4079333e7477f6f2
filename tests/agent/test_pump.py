"""The order of steps, and what the collector gives to whom: two in flight, turns for every path, wrong settings."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cramjam
import pytest

from kit.agent_parts import StillClock, agent_settings, tiny_format
from whodid.agent.collector import Collector, Found
from whodid.agent.flights import Flight
from whodid.agent.health import Health
from whodid.agent.positions import Positions
from whodid.agent.pump import Pump
from whodid.agent.recipe import UnknownZone
from whodid.agent.settings import AgentSettings, SourceSettings
from whodid.wire.push_protobuf import iter_entries


class Bench:
    """A pump on a temporary directory."""

    def __init__(self, settings: AgentSettings, found: Sequence[Found] = ()) -> None:
        self.clock, self.health = StillClock(), Health()
        self.positions = Positions(settings.state_dir, 0)
        self.collector = Collector(settings, self.positions, tiny_format, self.clock, self.health, found)
        self.pump = Pump(self.collector, self.positions, self.health, settings.max_batch_entries, 1 << 20)

    def launch(self, *, one_by_one: bool = False) -> Flight | None:
        """As the agent does it: what is launched is written down soon."""
        flight = self.pump.launch(one_by_one=one_by_one)
        if flight is not None:
            self.positions.write_down(flight)
        return flight


def lines(flight: Flight | None) -> list[str]:
    assert flight is not None
    return [entry.line for _, entry in iter_entries(bytes(cramjam.snappy.decompress_raw(flight.batch.body)))]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


@pytest.fixture
def ten(logs: Path) -> Iterator[Bench]:
    """A file of ten lines, three of which fill a batch."""
    (logs / "a.log").write_text("".join(f"{i} a\n" for i in range(10)))
    bench = Bench(agent_settings(logs.parent, "*.log", max_batch_entries=3))
    bench.pump.look()
    yield bench
    bench.collector.close()


def test_two_in_flight_and_reading_stops_when_the_next_is_full(ten: Bench, logs: Path) -> None:
    assert ten.pump.fill()
    first = ten.launch()
    assert lines(first) == ["0 a", "1 a", "2 a"]
    assert ten.pump.fill()
    second = ten.launch()
    assert lines(second) == ["3 a", "4 a", "5 a"]
    assert ten.pump.fill()
    assert ten.pump.full
    assert ten.launch() is None
    assert ten.pump.fill()  # sealed already: nothing more goes in
    assert ten.health.entries_read == 9
    assert first is not None
    assert second is not None
    ten.pump.settle(second, refused=False)
    assert ten.launch() is None  # what was faster is kept until those before it have arrived: that is memory, too
    ten.collector.measure_lag()
    assert ten.health.lag_bytes == {str(logs / "a.log"): 10 * 4}
    ten.pump.settle(first, refused=True)
    assert (ten.health.entries_sent, ten.health.entries_refused) == (3, 3)
    ten.collector.measure_lag()
    assert ten.health.lag_bytes == {str(logs / "a.log"): 4 * 4}
    assert lines(ten.launch()) == ["6 a", "7 a", "8 a"]


def test_what_is_not_full_waits_for_what_is_on_its_way(logs: Path) -> None:
    (logs / "a.log").write_text("1 a\n2 a\n")
    bench = Bench(agent_settings(logs.parent, "*.log"))
    bench.pump.look()
    bench.pump.fill()
    first = bench.launch()
    assert lines(first) == ["1 a"]
    bench.clock.seconds += 1  # the last record of a file waits for a line of its own
    assert not bench.pump.fill()
    assert bench.launch() is None
    assert first is not None
    bench.pump.settle(first, refused=False)
    assert lines(bench.launch()) == ["2 a"]
    bench.collector.close()


def test_one_by_one_while_the_server_has_trouble(ten: Bench) -> None:
    ten.pump.fill()
    assert ten.launch(one_by_one=True) is not None
    ten.pump.fill()
    assert ten.launch(one_by_one=True) is None
    assert ten.launch() is not None


def test_nothing_follows_what_is_not_written_down(ten: Bench) -> None:
    ten.pump.fill()
    first = ten.pump.launch()
    assert first is not None
    ten.pump.fill()
    assert ten.pump.launch() is None
    ten.positions.write_down(first)
    assert ten.pump.launch() is not None


def test_a_file_that_never_rests_does_not_starve_another(logs: Path) -> None:
    (logs / "busy.log").write_text("".join(f"{i} busy\n" for i in range(1000)))
    (logs / "quiet.log").write_text("1 quiet\n2 quiet\n")
    bench = Bench(agent_settings(logs.parent, "*.log", max_batch_entries=10))
    bench.pump.look()
    sent: list[str] = []
    for _ in range(3):
        bench.pump.fill()
        flight = bench.launch()
        assert flight is not None
        sent += lines(flight)
        bench.pump.settle(flight, refused=False)
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
    flight = bench.launch()
    (position,) = bench.positions.to_read_on("test")
    assert position.gone_at_ns is None
    assert flight is not None
    bench.pump.settle(flight, refused=False)
    bench.pump.look()
    (position,) = bench.positions.to_read_on("test")
    assert position.gone_at_ns is not None
    bench.collector.close()


def test_unknown_zone_is_an_error_that_says_what_to_write(tmp_path: Path) -> None:
    settings = agent_settings(tmp_path, "*.log")
    wrong = replace(settings, sources=(replace(settings.sources[0], timezone="Mars/Base"),))
    with pytest.raises(UnknownZone, match="source test: no time zone 'Mars/Base'"):
        Bench(wrong)


def all_sent(bench: Bench) -> list[str]:
    """Reads and acknowledges until nothing more comes; the lines."""
    out = []
    while True:
        bench.pump.look()
        bench.pump.fill()
        bench.clock.seconds += 1
        bench.pump.fill()
        flight = bench.launch()
        if flight is None:
            return out
        out += lines(flight)
        bench.pump.settle(flight, refused=False)


def test_what_is_left_out_is_not_read_again_after_a_restart(logs: Path) -> None:
    (logs / "a.log").write_text("1 old\n2 old\n")
    settings = agent_settings(logs.parent, "*.log", max_age_ns=-10 * 1_000_000_000)  # all of it is too old
    bench = Bench(settings)
    assert all_sent(bench) == []
    bench.pump.look()
    bench.positions.save()
    bench.collector.close()
    again = Bench(settings)
    assert all_sent(again) == []
    assert again.health.entries_too_old == 0
    again.collector.close()


def test_sources_come_and_go(logs: Path) -> None:
    (logs / "a.log").write_text("1 a\n")
    (logs / "b.log").write_text("1 b\n")
    a, b = (SourceSettings("found", "tiny", (str(logs / name),), labels={"of": name}) for name in ("a.log", "b.log"))
    wanted = [[a]]
    bench = Bench(agent_settings(logs.parent, "none.log"), [lambda: wanted[0]])
    assert all_sent(bench) == ["1 a"]
    wanted[0] = [a, b]
    assert all_sent(bench) == ["1 b"]
    wanted[0] = [b]
    bench.pump.look()
    (logs / "a.log").write_text("1 a\n2 a\n")
    assert all_sent(bench) == []  # nobody wants it any more
    wanted[0] = [a, b]
    assert all_sent(bench) == ["2 a"]  # and it is gone on with where it stood
    bench.collector.close()


def test_a_source_that_goes_is_read_to_its_end_first(logs: Path) -> None:
    (logs / "a.log").write_text("1 a\n")
    wanted = [[SourceSettings("found", "tiny", (str(logs / "a.log"),))]]
    bench = Bench(agent_settings(logs.parent, "none.log"), [lambda: wanted[0]])
    bench.pump.look()
    (logs / "a.log").unlink()  # as a container's log when it is removed
    wanted[0] = []
    assert all_sent(bench) == ["1 a"]
    bench.pump.look()
    assert bench.collector.directories() == frozenset({str(logs)})
    bench.collector.close()
