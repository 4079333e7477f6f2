"""A promtail.yml runs as it is: the agent as a real process, and what of it arrives, label by label."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.agent_sink import PushStore, Sink
from kit.processes import free_port, wait_until

_LABEL = re.compile(r'(\w+)="([^"]*)"')


@contextmanager
def agent(directory: Path, config: str) -> Iterator[subprocess.Popen[bytes]]:
    file = directory / "whodid.yml"
    file.write_text(f"data_dir: {directory}/data\nagent: {{{config}}}\n")
    with (directory / "agent.log").open("ab") as log:
        command = [sys.executable, "-m", "whodid", "agent", "--config", str(file)]
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "HOSTNAME": "web-1"})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def stored(store: PushStore) -> list[tuple[dict[str, str], str, dict[str, str]]]:
    """Labels, line and structured metadata of each entry."""
    found = [(dict(_LABEL.findall(labels)), entry.line, dict(entry.metadata)) for labels, entry in store.entries]
    return sorted(found, key=lambda one: one[1])


PROMTAIL = """\
server: {{http_listen_port: 9080}}
positions: {{filename: {at}/positions.yaml}}
clients:
  - url: {url}/loki/api/v1/push
    tenant_id: shop
    external_labels: {{site: fra, team: other}}
scrape_configs:
  - job_name: web
    static_configs:
      - targets: [localhost]
        labels: {{job: nginx, team: shop, __path__: '{at}/logs/*.log', __path_exclude__: '{at}/logs/x*'}}
    relabel_configs:
      - {{source_labels: [job], target_label: app, replacement: 'app-$1'}}
    pipeline_stages:
      - regex: {{expression: '^(?P<ip>\\S+) (?P<status>\\d+) (?P<rest>.*)$'}}
      - labels: {{status: }}
      - structured_metadata: {{ip: }}
      - match: {{selector: '{{job="nginx"}} |= "healthz"', action: drop}}
      - output: {{source: rest}}
  - job_name: listed
    file_sd_configs: [{{files: ['{at}/targets/*.json']}}]
    relabel_configs:
      - {{source_labels: [__meta_filepath], regex: '.*/(.*)[.]json', target_label: list}}
  - job_name: network
    syslog: {{listen_address: '127.0.0.1:{port}', labels: {{job: syslog}}}}
    relabel_configs:
      - {{source_labels: [__syslog_message_hostname], target_label: host}}
      - {{source_labels: [__syslog_message_severity], target_label: level}}
"""


def test_three_scrape_configs_arrive_with_exactly_their_labels(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "targets").mkdir()
    web, listed = tmp_path / "logs" / "access.log", tmp_path / "listed.txt"
    web.write_text("192.0.2.7 200 GET /\n192.0.2.8 200 GET /healthz\nno match\n")
    (tmp_path / "logs" / "x.log").write_text("left out\n")
    listed.write_text("one of a list\n")
    port = free_port()
    with Sink() as sink:
        (tmp_path / "promtail.yml").write_text(PROMTAIL.format(at=tmp_path, url=sink.url, port=port))
        with agent(tmp_path, f"promtail_config: {tmp_path}/promtail.yml, host: here"):
            sink.store.wait_for(lambda store: len(store.entries) >= 2, 30)
            target = {"targets": ["localhost"], "labels": {"__path__": str(listed), "env": "prod"}}
            (tmp_path / "targets" / "apps.json").write_text(json.dumps([target]))
            wait_until(lambda: _listens(port), "the agent listens for syslog")
            with socket.create_connection(("127.0.0.1", port)) as sender:
                sender.sendall(b"<11>1 2026-11-23T10:00:00Z mail-1 postfix 7 - - refused\n")
            sink.store.wait_for(lambda store: len(store.entries) >= 4, 30)
        external = {"site": "fra"}
        nginx = {"job": "nginx", "app": "app-nginx", "team": "shop", "filename": str(web), **external}
        other = {"team": "other", **external}
        assert stored(sink.store) == [
            ({**nginx, "status": "200"}, "GET /", {"ip": "192.0.2.7"}),
            (nginx, "no match", {}),
            ({"env": "prod", "list": "apps", "filename": str(listed), **other}, "one of a list", {}),
            ({"job": "syslog", "host": "mail-1", "level": "error", **other}, "refused", {}),
        ]
        assert {headers["X-Scope-OrgID"] for headers in sink.store.headers} == {"shop"}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


TAKEN_OVER = """\
positions: {{filename: {at}/positions.yaml}}
clients: [{{url: {url}/loki/api/v1/push}}]
scrape_configs:
  - job_name: all
    static_configs:
      - labels: {{app: a, __path__: '{at}/a.log'}}
      - labels: {{app: b, __path__: '{at}/b.log'}}
    pipeline_stages:
      - multiline: {{firstline: '^BEGIN', max_wait_time: 200ms}}
"""


def test_it_begins_where_promtail_stood_and_goes_on_after_a_kill(tmp_path: Path) -> None:
    a, b = tmp_path / "a.log", tmp_path / "b.log"
    a.write_text("BEGIN old\nBEGIN a1\nmore a1\n")
    b.write_text("BEGIN b1\n")
    (tmp_path / "positions.yaml").write_text(f'positions:\n  {a}: "10"\n  {b}: "900"\n')
    with Sink() as sink:
        (tmp_path / "promtail.yml").write_text(TAKEN_OVER.format(at=tmp_path, url=sink.url))
        with agent(tmp_path, f"promtail_config: {tmp_path}/promtail.yml") as process:
            sink.store.wait_for(lambda store: len(store.entries) >= 2, 30)
            process.kill()
        (tmp_path / "positions.yaml").write_text("positions: {}\n")
        for path, name in ((a, "a2"), (b, "b2")):
            with path.open("a") as file:
                file.write(f"BEGIN {name}\nmore {name}\n")
        with agent(tmp_path, f"promtail_config: {tmp_path}/promtail.yml"):
            sink.store.wait_for(lambda store: len(store.entries) >= 4, 30)
        assert stored(sink.store) == [
            ({"app": "a", "filename": str(a)}, "BEGIN a1\nmore a1", {}),
            ({"app": "a", "filename": str(a)}, "BEGIN a2\nmore a2", {}),
            ({"app": "b", "filename": str(b)}, "BEGIN b1", {}),
            ({"app": "b", "filename": str(b)}, "BEGIN b2\nmore b2", {}),
        ]
    assert f"took over from Promtail ({tmp_path}/positions.yaml): 1 files" in (tmp_path / "agent.log").read_text()
