"""Where sources stand, from the agent's places and its status file."""

import json
from dataclasses import replace
from pathlib import Path

from kit.agent_parts import StillClock, agent_settings, tiny_format
from whodid.agent.collector import Collector
from whodid.agent.explain import explain
from whodid.agent.health import Health
from whodid.agent.inboxes import Inboxes
from whodid.agent.positions import Positions
from whodid.agent.pump import Pump
from whodid.agent.receivers import inbox_directories
from whodid.agent.settings import SourceSettings
from whodid.agent.status import take_status
from whodid.sources.docker import DockerSettings
from whodid.sources.journal import JournalSettings
from whodid.sources.receiver import Origin


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


def test_logs_of_containers_on_the_disk_and_what_was_received(tmp_path: Path) -> None:
    ids = ["a1" * 32, "b2" * 32]
    for id, driver in zip(ids, ("json-file", "journald"), strict=True):
        directory = tmp_path / "docker/containers" / id
        directory.mkdir(parents=True)
        (directory / "config.v2.json").write_text(json.dumps({"ID": id, "Name": f"/shop-{id[:2]}"}))
        (directory / "hostconfig.json").write_text(json.dumps({"LogConfig": {"Type": driver}}))
        (directory / f"{id}-json.log").write_text("{}\n")
    docker = SourceSettings("docker", "", docker=DockerSettings(directory=str(tmp_path / "docker")))
    journal = SourceSettings("journal", "journal", journal=JournalSettings())
    settings = replace(agent_settings(tmp_path), sources=(docker, journal))
    inboxes = [Inboxes(source, directory, StillClock()) for source, directory in
               zip(settings.sources, inbox_directories(settings), strict=True)]  # fmt: skip
    inboxes[0](Origin("c3", labels={"container": "shop-c3"}))
    inboxes[0](Origin("docker-events"))
    inboxes[1](Origin("journal"))
    (tmp_path / "state/inbox/docker/docker-events/origin.json").write_text("{")

    containers, journals = explain(settings, None, StillClock())
    assert [(Path(file.path).parts[-2], file.container, file.size_bytes) for file in containers.files] == [
        ("c3", "shop-c3", 0),
        ("docker-events", "", 0),
        (ids[0], "shop-a1", 3),
    ]
    assert [Path(file.path).parts[-2] for file in journals.files] == ["journal"]
    without = replace(docker, docker=DockerSettings(directory=str(tmp_path / "docker"), files=False))
    assert len(explain(replace(settings, sources=(without,)), None, StillClock())[0].files) == 2
    for one in inboxes:
        one.close()
