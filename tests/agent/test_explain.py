"""Where sources stand, from the agent's places and its status file."""

from pathlib import Path

from kit.agent_parts import StillClock, agent_settings, tiny_format
from whodid.agent.collector import Collector
from whodid.agent.explain import explain
from whodid.agent.health import Health
from whodid.agent.positions import Positions
from whodid.agent.pump import Pump
from whodid.agent.status import take_status


def test_sent_waiting_and_not_understood(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.log").write_text("1 one\nodd\n3 three\n")
    settings = agent_settings(tmp_path, "*.log")
    positions, health, clock = Positions(settings.state_dir, 0), Health(), StillClock()
    pump = Pump(Collector(settings, positions, tiny_format, clock, health), positions, health, 100, 1 << 20)
    pump.look()
    pump.fill()
    flight = pump.launch()
    assert flight is not None
    pump.settle(flight, refused=False)
    positions.save()
    (tmp_path / "logs/b.log").write_text("1 new\n")

    (stand,) = explain(settings, take_status(health, 0, 1), clock)
    first, second = stand.files
    assert (first.sent_bytes, first.lag_bytes, first.not_understood) == (10, 8, 1)  # the last record waits for more
    assert first.last_ns > 0
    assert (second.sent_bytes, second.lag_bytes) == (0, 6)


def test_before_any_agent_has_run(tmp_path: Path) -> None:
    settings = agent_settings(tmp_path, "*.log")
    (stand,) = explain(settings, None, StillClock())
    assert (stand.job, stand.files) == ("test", [])
    assert stand.where.endswith("/logs/*.log")
