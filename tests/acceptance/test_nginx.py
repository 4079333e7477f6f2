"""A real nginx with several formats, driven with hostile requests: what is read is what was sent.

It runs on loopback with all its files in a temporary directory; its configuration is read by the agent's discovery.
"""

import base64
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from kit.log_samples import join_records
from kit.processes import wait_until
from whodid.formats import FormatSettings, Parsed, make_format
from whodid.formats.nginx_config import nginx_logs

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")

FORGED = ', client: 10.1.0.14, server: s, request: "GET / HTTP/1.1", host: "h"'
NAMES = ("noa", 'a"', "a\\x22", "a [b] c", "שרה", "a|b", f"a{FORGED}", 'a": password mismatch', "a, referrer: ")
ENTRY = (
    "%0a2026/11/23%2006:32:39%20[error]%201%231:%20*1%20user%20%22noa%22:%20password%20mismatch,%20client:%2010.1.0.14"
)
PATHS = ("/r", "/r?q=1|2", "/private/a", f"/deny{ENTRY}", f"/nix{ENTRY},%20server:%20s", "/nix%22c")
GARBAGE = (b"\x16\x03\x01\x00\xa5\x01\r\n\r\n", b"HELP\r\n\r\n", b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n")
CONFIG = r"""
daemon off; master_process off; pid DIR/pid; error_log DIR/error.log info;
events {}
http {
    client_body_temp_path DIR/1; proxy_temp_path DIR/2; fastcgi_temp_path DIR/3; uwsgi_temp_path DIR/4;
    scgi_temp_path DIR/5;
    log_format proxied '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                       '"$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
    log_format json escape=json '{"t":"$time_iso8601","ip":"$remote_addr","u":"$remote_user","r":"$request",'
        '"s":$status,"ref":"$http_referer","ua":"$http_user_agent","xff":"$http_x_forwarded_for"}';
    log_format piped '$remote_addr|$time_local|$request|$status|$http_user_agent|$remote_user|$request_time';
    access_log DIR/combined.log; access_log DIR/proxied.log proxied; access_log DIR/json.log json;
    access_log DIR/piped.log piped;
    server {
        listen 127.0.0.1:PORT; root DIR/www;
        location /r { return 200; }
        location /deny { deny all; }
        location /private { auth_basic x; auth_basic_user_file DIR/users; }
    }
}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """nginx's configuration, and the path and name of each good request in order, after nginx has ended."""
    directory = tmp_path_factory.mktemp("nginx")
    (directory / "users").write_text("noa:{PLAIN}right\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = CONFIG.replace("DIR", str(directory)).replace("PORT", str(port))
    (directory / "nginx.conf").write_text(f"user root;{config}")
    command = ["nginx", "-c", str(directory / "nginx.conf"), "-e", str(directory / "boot.log")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as nginx:
        try:
            wait_until(lambda: nginx.poll() is None and _listens(port), "nginx listens")
            requests = list(product(PATHS, NAMES))
            for path, name in requests:
                _send(port, _request(path, name))
            for octets in GARBAGE:
                _send(port, octets)
        finally:
            nginx.terminate()
    yield config, requests


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _request(path: str, name: str) -> bytes:
    credentials = base64.b64encode(f"{name.replace(':', ';')}:x".encode()).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nAuthorization: Basic {credentials}\r\n"
        f"User-Agent: {name}\r\nReferer: {name}\r\nX-Forwarded-For: 10.9.9.9, 198.51.100.7\r\n\r\n"
    ).encode()


def _send(port: int, octets: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            pass


def _sent(told: str) -> str:
    """What was sent, of a value in which only the backslash stays escaped."""
    return re.sub(r"\\x5C", r"\\", told)


def _read(config: str, name: str) -> list[Parsed]:
    log = next(log for log in nginx_logs(config, lambda _: []).access if log.path.endswith(f"/{name}.log"))
    options = {"log_format": log.log_format, "escape": log.escape, "trusted_proxies": "127.0.0.1"}
    access = make_format("nginx_access", FormatSettings(options=options))
    return [
        access.parse(line) for line in Path(log.path).read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
    ]


@pytest.mark.parametrize("name", ["combined", "proxied", "json"])
def test_what_is_read_is_what_was_sent(served: tuple[str, list[tuple[str, str]]], name: str) -> None:
    config, requests = served
    parsed = _read(config, name)[: len(requests)]
    assert len(parsed) == len(requests)
    for one, (path, who) in zip(parsed, requests, strict=True):
        told = one.attributes
        plain = _sent if name != "json" else str
        assert plain(told["path"]) == path
        assert plain(told["user"]) == who.replace(":", ";")
        assert plain(told["agent"]) == plain(told["referer"]) == who.strip()
        assert told["client"] == ("127.0.0.1" if name == "combined" else "198.51.100.7")
        assert one.ns is not None and "trust" not in told


def test_bare_fields_tell_nothing_untrue(served: tuple[str, list[tuple[str, str]]]) -> None:
    config, requests = served
    for one, (path, who) in zip(_read(config, "piped"), requests, strict=False):
        told = one.attributes
        assert told["client"] == "127.0.0.1"
        assert _sent(told.get("user", who.replace(":", ";"))) == who.replace(":", ";")
        assert _sent(told.get("path", path)) == path
        assert ("trust" in told) == ("|" in who)


def test_garbage_has_its_client(served: tuple[str, list[tuple[str, str]]]) -> None:
    config, requests = served
    for one in _read(config, "combined")[len(requests) :]:
        assert one.understood and one.attributes["client"] == "127.0.0.1"
        assert one.attributes["status"] in ("400", "000")


def test_nobody_else_is_blamed_in_the_error_log(served: tuple[str, list[tuple[str, str]]]) -> None:
    """Names and paths that hold nginx's own fields, and whole invented entries behind a line break."""
    config, requests = served
    (path,) = nginx_logs(config, lambda _: []).errors
    errors = make_format("nginx_error", FormatSettings())
    records = join_records(errors, Path(path).read_text(encoding="utf-8", errors="replace").split("\n")[:-1])
    parsed = [errors.parse(record).attributes for record in records]
    assert {one.get("client", "127.0.0.1") for one in parsed} == {"127.0.0.1"}
    failed = [one for one in parsed if one.get("operation") == "login_failed"]
    assert sorted(one["user"] for one in failed) == sorted(
        name.replace(":", ";") for p, name in requests if "private" in p
    )
    assert sum("\n" in record for record in records) == sum(ENTRY in p for p, _ in requests if "/nix" in p)
