"""nginx's logs, as its configuration names them."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from whodid.agent.discover_nginx import discover_nginx


def put(root: Path, name: str, content: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


CONFIG = """
http {
    log_format timed '$remote_addr "$request" $status $request_time';
    access_log /var/log/nginx/access.log;
    error_log /var/log/nginx/error.log warn;
    include sites-enabled/*;
}
"""
SITE = "server { access_log /srv/shop/access.log timed; error_log /srv/shop/error.log; }"


def test_each_format_has_its_own_source(tmp_path: Path) -> None:
    put(tmp_path, "etc/nginx/nginx.conf", CONFIG)
    put(tmp_path, "etc/nginx/sites-enabled/shop", SITE)
    for name in ("var/log/nginx/access.log", "var/log/nginx/error.log", "srv/shop/access.log", "srv/shop/error.log"):
        put(tmp_path, name)
    sources = {(s.job, s.paths): s.options for s in discover_nginx(tmp_path)}
    assert sources == {
        ("nginx-access", (f"{tmp_path}/var/log/nginx/access.log",)): {},
        ("nginx-access", (f"{tmp_path}/srv/shop/access.log",)): {
            "log_format": '$remote_addr "$request" $status $request_time',
            "escape": "default",
        },
        ("nginx-error", (f"{tmp_path}/var/log/nginx/error.log", f"{tmp_path}/srv/shop/error.log")): {},
    }


def test_without_a_configuration_the_usual_files(tmp_path: Path) -> None:
    put(tmp_path, "var/log/nginx/access.log")
    (source,) = discover_nginx(tmp_path)
    assert (source.job, source.options) == ("nginx-access", {})


def test_nothing_there(tmp_path: Path) -> None:
    put(tmp_path, "etc/nginx/nginx.conf", CONFIG)
    assert discover_nginx(tmp_path) == []


def sources(root: Path, config: str) -> list[str]:
    """The formats of the access logs that a configuration leads to."""
    put(root, "etc/nginx/nginx.conf", config)
    return [source.options.get("log_format", "") for source in discover_nginx(root) if source.job == "nginx-access"]


LOG = "log_format {0} '{0} $status'; access_log /var/log/nginx/access.log {0};"


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("conf.d/*.conf", "etc/nginx/conf.d/a.conf"),
        ("conf.d/a.conf", "etc/nginx/conf.d/a.conf"),
        ("/opt/shop/*.conf", "opt/shop/a.conf"),
        ("conf.d/**/a.conf", "etc/nginx/conf.d/x/a.conf"),
        ("conf**/[!b].conf", "etc/nginx/conf.d/a.conf"),
        ("./conf.d//a.conf", "etc/nginx/conf.d/a.conf"),
    ],
)
def test_what_nginx_itself_includes(tmp_path: Path, pattern: str, place: str) -> None:
    put(tmp_path, "var/log/nginx/access.log")
    put(tmp_path, place, LOG.format("inner"))
    assert sources(tmp_path, f"http {{ include {pattern}; }}") == ["inner $status"]


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("../shop/*.conf", "etc/shop/a.conf"),
        ("../../../outside.conf", "../outside.conf"),
        ("/etc/../../outside.conf", "../outside.conf"),
        ("conf.d/**.conf", "etc/nginx/conf.d/x/a.conf"),
        ("*", "etc/nginx/.hidden"),
    ],
)
def test_what_is_left_alone(tmp_path: Path, pattern: str, place: str) -> None:
    root = tmp_path / "root"
    put(root, "var/log/nginx/access.log")
    put(root, place, LOG.format("inner"))
    assert sources(root, f"http {{ include {pattern}; }}") == [""]


@given(st.lists(st.sampled_from(["/", "*", "**", "a**b", "..", ".", "[", "[!", "]", "?", "a", "\0", "\\", "~", "é"])))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_pattern_does_harm(tmp_path: Path, pieces: list[str]) -> None:
    root = tmp_path / "root"
    put(root, "var/log/nginx/access.log")
    put(tmp_path, "a", LOG.format("outside"))
    assert "outside $status" not in sources(root, f'http {{ include "{"".join(pieces)}"; }}')


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A pipe would be waited for, for ever."""
    put(tmp_path, "var/log/nginx/access.log")
    put(tmp_path, "etc/nginx/conf.d/a/b")
    os.mkfifo(tmp_path / "etc/nginx/conf.d/pipe")
    (tmp_path / "etc/nginx/conf.d/zero").symlink_to("/dev/zero")
    (tmp_path / "etc/nginx/conf.d/nothing").symlink_to("nowhere")
    put(tmp_path, "etc/nginx/sites-available/shop", LOG.format("inner"))
    (tmp_path / "etc/nginx/conf.d/shop").symlink_to("../sites-available/shop")
    assert sources(tmp_path, "http { include conf.d/*; }") == ["inner $status"]


def test_files_that_include_each_other_and_very_large_ones_have_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = list[str]()
    real = os.open

    def counted(path: str, *more: int) -> int:
        opened.append(path)
        return real(path, *more)

    monkeypatch.setattr(os, "open", counted)
    put(tmp_path, "var/log/nginx/access.log")
    for name in "abc":
        put(tmp_path, f"etc/nginx/conf.d/{name}", "include conf.d/*; " * 50)
    with (tmp_path / "etc/nginx/conf.d/large").open("wb") as large:
        large.truncate(1 << 40)
    assert sources(tmp_path, "http { include conf.d/*; }") == [""]
    assert len(opened) <= 2001


@pytest.mark.parametrize("log_format", ["escape=default 'no variable'", "escape=xml '$status'"])
def test_a_format_that_cannot_be_read_stops_nothing(tmp_path: Path, log_format: str) -> None:
    put(tmp_path, "var/log/nginx/access.log")
    assert sources(tmp_path, f"log_format a {log_format}; access_log /var/log/nginx/access.log a;") == [""]
