"""Containers on the disk: found with labels and formats, come and go, and what is unreadable is no obstacle."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from whodid.sources.docker_container import Filter
from whodid.sources.docker_files import DockerFiles

FORMATS = ("plain", "postgres", "nginx_access", "nginx_error")
WEB, DB = "a1" * 32, "b2" * 32


def write(root: Path, id: str, name: str, image: str, *, driver: str = "json-file", **labels: str) -> Path:
    """A container as the engine keeps it."""
    directory = root / "containers" / id
    directory.mkdir(parents=True, exist_ok=True)
    config = {
        "ID": id,
        "Name": f"/{name}",
        "Config": {"Image": image, "Labels": labels, "Tty": False},
        "State": {"Running": True},
        "LogPath": f"{directory}/{id}-json.log",
        "NetworkSettings": {
            "Networks": {"shop": {"EndpointSettings": None, "NetworkID": "n1", "IPAddress": "172.18.0.2"}}
        },
    }
    (directory / "config.v2.json").write_text(json.dumps(config))
    (directory / "hostconfig.json").write_text(json.dumps({"LogConfig": {"Type": driver}}))
    log = directory / f"{id}-json.log"
    if driver == "json-file":
        log.write_text('{"log":"x\\n","stream":"stdout","time":"2026-11-23T06:32:35Z"}\n')
    return log


def test_logs_with_labels_and_formats(tmp_path: Path) -> None:
    web = write(tmp_path, WEB, "shop-web-1", "nginx:1.27", **{"com.docker.compose.service": "web"})
    db = write(tmp_path, DB, "shop-db-1", "postgres:15", **{"whodid.job": "database"})
    first, second = DockerFiles(str(tmp_path), FORMATS).look()
    assert (first.path, second.path) == (str(web), str(db))
    assert first.origin.labels == {"container": "shop-web-1", "image": "nginx:1.27", "compose_service": "web"}
    assert (first.origin.format, first.origin.format_stderr) == ("nginx_access", "nginx_error")
    assert second.origin.labels["job"] == "database"
    assert (second.origin.format, second.origin.line_prefix) == ("postgres", "%m [%p] ")
    assert second.origin.discovered["__meta_docker_network_ip"] == "172.18.0.2"


def test_they_come_change_and_go(tmp_path: Path) -> None:
    files = DockerFiles(str(tmp_path), FORMATS)
    assert files.look() == []
    write(tmp_path, WEB, "one", "shop:1")
    [one] = files.look()
    assert files.look()[0] is one
    log = write(tmp_path, WEB, "renamed", "shop:1")
    os.utime(log.parent / "config.v2.json", (1, 1))
    [renamed] = files.look()
    assert renamed.origin.labels["container"] == "renamed"
    for path in log.parent.iterdir():
        path.unlink()
    log.parent.rmdir()
    assert files.look() == []
    assert not files.has(WEB)


def test_filters(tmp_path: Path) -> None:
    write(tmp_path, WEB, "shop-web", "x", team="a")
    write(tmp_path, DB, "other", "x", team="b")

    def names(*filters: Filter) -> list[str]:
        return [found.origin.labels["container"] for found in DockerFiles(str(tmp_path), FORMATS, filters).look()]

    assert names(Filter("name", ("shop",))) == ["shop-web"]
    assert names(Filter("label", ("team=b",))) == ["other"]
    assert names(Filter("label", ("team",)), Filter("id", (WEB[:12], DB[:12]))) == ["shop-web", "other"]
    assert names(Filter("status", ("exited",))) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"ID": 5, "Config": []}', '{"ID": "other"}'])
def test_odd_configurations(tmp_path: Path, text: str) -> None:
    log = write(tmp_path, WEB, "one", "shop:1")
    (log.parent / "config.v2.json").write_text(text)
    assert DockerFiles(str(tmp_path), FORMATS).look() == []


def test_half_a_configuration_changes_nothing(tmp_path: Path) -> None:
    log = write(tmp_path, WEB, "one", "shop:1")
    files = DockerFiles(str(tmp_path), FORMATS)
    before = files.look()
    (log.parent / "config.v2.json").write_text('{"ID": "')
    assert files.look() == before


def test_other_drivers_are_left_to_the_api(tmp_path: Path) -> None:
    write(tmp_path, WEB, "one", "shop:1", driver="local")
    files = DockerFiles(str(tmp_path), FORMATS)
    assert files.look() == []
    assert not files.has(WEB)


def test_ids_that_are_none(tmp_path: Path) -> None:
    assert not DockerFiles(str(tmp_path), FORMATS).has("../../etc/passwd")


def test_what_may_not_be_read_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    files = DockerFiles(str(tmp_path), FORMATS)
    assert files.look() == files.look() == []
    assert caplog.text.count("Docker's API is asked") == 1
