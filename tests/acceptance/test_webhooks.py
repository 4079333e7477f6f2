"""What is told by HTTP, with real processes: GitHub delivers, somebody deploys, and who asks afterwards is answered."""

import hashlib
import hmac
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.sync.client import connect

from kit.processes import Installation, free_port, wait_until

SAMPLES = Path(__file__).parents[1] / "formats" / "github"
SECRET = b"an acceptance test's secret"


@pytest.fixture
def whodid(tmp_path: Path) -> Iterator[Installation]:
    (tmp_path / "github.secret").write_bytes(SECRET + b"\n")
    hooks = {"github": {"secret_file": str(tmp_path / "github.secret")}}
    installation = Installation(tmp_path, webhooks=hooks)
    try:
        yield installation
    finally:
        installation.stop()


def deliver(whodid: Installation, name: str, guid: str, secret: bytes = SECRET) -> int:
    """GitHub's side: the status that a delivery of a sample is answered with."""
    sample = json.loads((SAMPLES / f"{name}.json").read_text())
    body = json.dumps(sample["payload"]).encode()
    headers = {
        "content-type": "application/json",
        "x-github-event": sample["event"],
        "x-github-delivery": guid,
        "x-hub-signature-256": "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest(),
        "host": "hooks.shop.example",
        "x-forwarded-for": "192.0.2.7",
    }
    return whodid.post("/webhooks/github", body, headers)[0]


def told(whodid: Installation, *arguments: str) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command."""
    command = [sys.executable, "-m", "whodid", *arguments, "--server", whodid.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def found(whodid: Installation, query: str) -> list[dict[str, str]]:
    """Labels and attributes of what a query finds."""
    since = str(time.time_ns() - 160 * 3600 * 10**9)
    streams = whodid.get("/loki/api/v1/query_range", query=query, start=since)["data"]["result"]
    return [stream["stream"] for stream in streams for _ in stream["values"]]


def test_a_delivery_is_found_and_stays_one_over_kill_9(whodid: Installation) -> None:
    server = whodid.start("server")
    assert deliver(whodid, "workflow_run_deployed", "guid-1") == 204
    assert deliver(whodid, "push_forced", "guid-2") == 204
    assert deliver(whodid, "push_forced", "guid-3", b"guessed") == 403
    whodid.kill(server)
    whodid.start("server")
    for _ in range(2):
        assert deliver(whodid, "workflow_run_deployed", "guid-1") == 204
        assert deliver(whodid, "push_forced", "guid-2") == 204
    (forced,) = found(whodid, '{job="github", repository="corner-shop/web"} | operation="force_push"')
    assert (forced["user"], forced["ref"], forced["delivery"]) == ("dani-contract", "main", "guid-2")
    assert len(found(whodid, '{job="github"}')) == 2
    (deployed,) = found(whodid, '{job="deployments"} | outcome="completed"')
    assert (deployed["user"], deployed["service"], deployed["delivery"]) == ("noa-adler", "web", "guid-1")


def test_who_deleted_it_is_seen_live(whodid: Installation) -> None:
    whodid.start("server")
    query = urlencode({"query": '{job="github"} | operation="delete_branch"'})
    seen: list[dict[str, Any]] = []
    with connect(f"{whodid.url.replace('http', 'ws')}/loki/api/v1/tail?{query}") as tail:
        for number, name in enumerate(("create_branch", "delete_branch")):
            assert deliver(whodid, name, f"guid-{number}") == 204
        while not seen:
            seen += json.loads(tail.recv(timeout=30))["streams"]
    assert (seen[0]["stream"]["user"], seen[0]["stream"]["ref"]) == ("noa-adler", "fix/cart")


def test_events_from_the_terminal(whodid: Installation) -> None:
    status, out, err = told(whodid, "event", "deploy", "--service", "shop")
    assert (status, out) == (3, "") and "nothing is stored" in err
    whodid.start("server")
    arguments = ("--service", "shop", "--version", "1.4.2", "--environment", "prod", "--outcome", "completed")
    status, out, err = told(whodid, "event", "deploy", *arguments, "--user", "noa", "--message", "carts survive")
    assert (status, err) == (0, "") and out.startswith("stored: ")
    assert told(whodid, "event", "backup_restored", "db=shop")[0] == 0
    deploy = b'{"what": "shop", "version": 8, "status": "failure", "who": "omri"}'
    assert whodid.post("/webhooks/deploy", deploy, {"content-type": "application/json"}) == (204, "")
    by_version = {said["version"]: said for said in found(whodid, '{job="deployments"} | operation="deploy"')}
    assert by_version["1.4.2"]["user"] == "noa" and by_version["1.4.2"]["outcome"] == "completed"
    assert by_version["8"]["user"] == "omri" and by_version["8"]["outcome"] == "failed"
    (restored,) = found(whodid, '{job="audit"}')
    assert (restored["operation"], restored["db"]) == ("backup_restored", "shop")
    assert told(whodid, "query", '{job="deployments"} | environment="prod"')[1].count("carts survive") == 1
    assert whodid.findings() == [], "a deployment is no danger"


def test_a_secret_that_is_told_has_a_mark_by_which_it_is_known_again(whodid: Installation) -> None:
    """The server's key is made once, for its owner alone; `whodid event` masks before it sends."""
    marks = set()
    for service in ("shop", "depot"):
        server = whodid.start("server")
        said = json.dumps({"service": service, "message": "PGPASSWORD=h0rse-staple", "db_password": "h0rse-staple"})
        assert whodid.post("/webhooks/deploy", said.encode(), {"content-type": "application/json"})[0] == 204
        (stored,) = found(whodid, f'{{job="deployments"}} | service="{service}"')
        assert stored["message"] == f"PGPASSWORD={stored['db_password']}"
        marks.add(stored["db_password"])
        whodid.kill(server)
    (mark,) = marks
    assert re.fullmatch(r"<redacted:password:[0-9a-f]{10}>", mark)
    (key,) = (whodid.directory / "data").glob("*.key")
    assert (key.stat().st_mode & 0o777, len(key.read_bytes())) == (0o600, 32)


NGINX = """
daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
  uwsgi_temp_path {directory}; scgi_temp_path {directory};
  server {{ listen 127.0.0.1:{port}; {location} }}
}}
"""


@pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")
def test_the_proxy_of_the_guide_passes_on_this_and_nothing_else(whodid: Installation, tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "github.md").read_text()
    (block,) = re.findall(r"```nginx\n(.*?)```", guide, re.DOTALL)
    location = block[block.index("location") :].replace("http://127.0.0.1:3100", whodid.url)
    front, file = free_port(), tmp_path / "nginx.conf"
    file.write_text(NGINX.format(directory=tmp_path, port=front, location=location))
    whodid.start("server")
    with subprocess.Popen(["nginx", "-c", str(file), "-e", str(tmp_path / "error.log")]) as nginx:
        try:
            back, whodid.url = whodid.url, f"http://127.0.0.1:{front}"
            wait_until(lambda: _answers(front), "nginx listens")
            assert deliver(whodid, "member_added", "guid-1") == 204
            assert deliver(whodid, "member_added", "guid-2", b"guessed") == 403
            assert (
                whodid.post("/webhooks/github", b" " * (24 << 20), {"x-hub-signature-256": "sha256=" + "0" * 64})[0]
                == 403
            )
            for path in ("/webhooks/deploy", "/loki/api/v1/push", "/webhooks/github/../../loki/api/v1/push"):
                assert whodid.post(path, b"{}", {"content-type": "application/json"})[0] == 404, path
            whodid.url = back
        finally:
            nginx.terminate()
    (member,) = found(whodid, '{job="github"}')
    assert (member["operation"], member["target"], member["role"]) == ("member_added", "dani-contract", "maintain")


def _answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
