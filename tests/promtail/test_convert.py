"""What a promtail.yml becomes: sources as data."""

from typing import Any

from whodid.promtail.convert import Converted, convert
from whodid.promtail.load import read_config

HEAD = "clients: [{url: https://user:pw@logs.example.org:3100/loki/api/v1/push, external_labels: {site: fra}}]\n"


def converted(text: str, head: str = HEAD) -> Converted:
    return convert(read_config(head + text, "promtail.yml"), "web-1")


def only(text: str) -> dict[str, Any]:
    (source,) = converted(text, "clients: [{url: http://l/loki/api/v1/push}]\n").sources
    return source


def test_the_server_is_the_first_client() -> None:
    found = converted("", "clients: [{url: http://a/loki/api/v1/push, tenant_id: t}, {url: http://b/x}]\n")
    assert (found.server, found.tenant, found.sources) == ("http://a", "t", ())
    assert found.notes == ("clients: lines are sent to one server, the first; not to http://b/x",)
    found = converted("", "clients: [{url: http://a/gw/loki/api/v1/push, bearer_token_file: /t, tls_config: {}}]\n")
    assert found.token_file == "/t"
    assert [note.partition(":")[0] for note in found.notes] == ["clients[0].tls_config", "clients[0].url"]
    assert converted("").server == "https://logs.example.org:3100"


def test_static_targets_with_their_relabelling_worked_out() -> None:
    found = converted("""
scrape_configs:
  - job_name: web
    static_configs:
      - labels: {job: nginx, __path__: '/var/log/{nginx,apache2}/*.log', __path_exclude__: '*.gz', host: h}
      - labels: {job: gone, __path__: /x}
      - labels: {job: other, __path__: /x, __host__: web-2}
      - labels: {job: nowhere}
    relabel_configs:
      - {source_labels: [job], regex: gone, action: drop}
      - {source_labels: [__path__], regex: '/var/(.*)/.*', target_label: dir}
      - {target_label: bad-name, replacement: x}
""")
    (source,), (comments,) = found.sources, found.comments
    assert source == {
        "job": "web",
        "format": "raw",
        "automatic_labels": False,
        "paths": ["/var/log/nginx/*.log", "/var/log/apache2/*.log"],
        "exclude": ["*.gz"],
        "labels": {"job": "nginx", "host": "h", "dir": "log/{nginx,apache2}"},
        "pipeline_stages": [{"match": {"selector": '{site=""}', "stages": [{"static_labels": {"site": "fra"}}]}}],
    }
    assert comments[-1] == "the label bad-name is left out: no server takes such a name"
    assert [note.split(": ", 1)[1][:30] for note in found.notes[-3:]] == [
        "relabel_configs drop the targe",
        "a target is for the host web-2",
        "a target has no __path__, and ",
    ]


def test_targets_that_are_no_files_keep_their_rules() -> None:
    rule = {"source_labels": ["__meta_x"], "target_label": "x"}
    text = """
scrape_configs:
  - job_name: a
    docker_sd_configs: [{host: 'unix:///d.sock', filters: [{name: label, values: [a]}]}]
    relabel_configs: [{source_labels: [__meta_x], target_label: x}]
    pipeline_stages: [docker: ]
"""
    assert only(text) == {
        "job": "a",
        "format": "raw",
        "automatic_labels": False,
        "docker": {
            "host": "unix:///d.sock",
            "refresh_interval": "1m",
            "events": False,
            "filters": [{"name": "label", "values": ["a"]}],
        },
        "relabel_configs": [rule],
        "pipeline_stages": [{"docker": None}],
    }


def test_the_other_kinds() -> None:
    def of(kind: str, given: str) -> Any:
        names = {"push": "loki_push_api", "file_sd": "file_sd_configs"}
        return only(f"scrape_configs: [{{job_name: a, {names.get(kind, kind)}: {given}}}]")[kind]

    assert of("journal", "{json: true, path: /j}") == {"path": "/j", "max_age": "7h", "json": True}
    assert of("syslog", "{listen_address: 'h:1', listen_protocol: udp}") == {
        "listen_address": "h:1",
        "listen_protocol": "udp",
        "idle_timeout": "2m",
        "use_rfc5424_message": False,
        "max_message_length": 8192,
    }
    assert of("push", "{server: {http_listen_address: 127.0.0.1, http_listen_port: 9}}") == {
        "listen_address": "127.0.0.1:9"
    }
    assert of("file_sd", "[{files: [/f.yml]}]") == {"files": ["/f.yml"], "refresh_interval": "5m"}


def test_a_scrape_config_with_two_kinds_is_two_sources() -> None:
    found = converted("scrape_configs: [{job_name: a, journal: {labels: {job: j}}, syslog: {listen_address: 'h:1'}}]\n")
    assert [source.get("labels") for source in found.sources] == [{"job": "j"}, None]
    assert found.data()["agent"]["server"] == "https://logs.example.org:3100"
