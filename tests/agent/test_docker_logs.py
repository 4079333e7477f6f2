"""Containers' logs on the disk as sources, and what of them reaches the server."""

import json
from pathlib import Path

import cramjam

from kit.agent_parts import StillClock, agent_settings
from whodid.agent.collector import Collector
from whodid.agent.docker_logs import DockerLogs
from whodid.agent.health import Health
from whodid.agent.positions import Positions
from whodid.agent.pump import Pump
from whodid.agent.settings import SourceSettings
from whodid.formats import make_format
from whodid.sources.docker import DockerSettings
from whodid.wire.push_protobuf import iter_entries

ID = "c0ffee" * 10 + "beef"


def container(root: Path, image: str) -> Path:
    directory = root / "containers" / ID
    directory.mkdir(parents=True)
    config = {
        "ID": ID,
        "Name": "/shop-db-1",
        "Config": {"Image": image, "Labels": {"com.docker.compose.service": "db"}},
        "State": {"Running": True},
    }
    (directory / "config.v2.json").write_text(json.dumps(config))
    (directory / "hostconfig.json").write_text('{"LogConfig": {"Type": "json-file"}}')
    return directory / f"{ID}-json.log"


def line(text: str, stream: str) -> str:
    return json.dumps({"log": f"{text}\n", "stream": stream, "time": "2026-11-23T06:32:35.186402113Z"}) + "\n"


def test_a_database_in_a_container_is_read_as_one(tmp_path: Path) -> None:
    log = container(tmp_path / "docker", "postgres:16")
    log.write_text(line('2026-11-23 06:32:35.186 UTC [31] LOG:  statement: truncate "Order"', "stderr"))
    clock, health = StillClock(), Health()
    logs = DockerLogs(SourceSettings("docker", ""), DockerSettings(directory=str(tmp_path / "docker")), clock)
    (source,) = logs.sources()
    assert (source.format, source.options["inner"], source.job) == ("docker", "postgres", "docker")
    assert logs.sources() is logs.sources()

    settings = agent_settings(tmp_path, "none")
    positions = Positions(settings.state_dir, 0, sync=lambda fd: None)
    collector = Collector(settings, positions, make_format_but_tiny, clock, health, [logs.sources])
    pump = Pump(collector, positions, health, 100, 1 << 20)
    pump.look()
    pump.fill()
    clock.seconds += 1
    pump.fill()
    flight = pump.launch()
    assert flight is not None
    ((labels, entry),) = iter_entries(bytes(cramjam.snappy.decompress_raw(flight.batch.body)))
    assert 'container="shop-db-1"' in labels
    assert 'compose_service="db"' in labels
    assert (entry.metadata["operation"], entry.metadata["table"]) == ("TRUNCATE", "Order")
    collector.close()


def make_format_but_tiny(name: str, settings):  # type: ignore[no-untyped-def]
    return make_format("plain" if name == "tiny" else name, settings)


def test_no_engine_no_sources(tmp_path: Path) -> None:
    logs = DockerLogs(SourceSettings("docker", ""), DockerSettings(directory=str(tmp_path / "none")), StillClock())
    assert list(logs.sources()) == []
