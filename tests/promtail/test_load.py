"""Reading a promtail.yml: what it says, and every mistake with its place."""

import pytest

from whodid.promtail.config import DockerSd, FileSd, Journal, Push, Static, Syslog, Tls
from whodid.promtail.load import PromtailConfigError, read_config

WHOLE = """
server: {http_listen_port: 9080, grpc_listen_port: 0}
positions: {filename: /tmp/positions.yaml}
clients:
  - url: http://loki:3100/loki/api/v1/push
    tenant_id: shop
    batchwait: 1s
    external_labels: {site: fra}
    basic_auth: {username: a, password: b}
scrape_configs:
  - job_name: web
    static_configs:
      - targets: [localhost]
        labels: {job: nginx, __path__: /var/log/nginx/*.log, shard: 5}
      - labels: {__path__: /x}
    pipeline_stages:
      - regex: {expression: '(?P<level>\\w+)'}
      - labels: {level: }
  - job_name: found
    file_sd_configs: [{files: [/etc/p/*.yml], refresh_interval: 1m}]
    docker_sd_configs:
      - host: unix:///var/run/docker.sock
        refresh_interval: 5s
        filters: [{name: label, values: [a=b, c]}]
    relabel_configs:
      - {source_labels: [__meta_docker_container_name], regex: /(.*), target_label: container}
  - job_name: received
    journal: {json: yes, max_age: 12h, labels: {job: journal}, matches: _TRANSPORT=kernel}
    syslog: {listen_address: 0.0.0.0:1514, label_structured_data: true, tls_config: {cert_file: c, key_file: k}}
    loki_push_api:
      server: {http_listen_port: 3500, http_tls_config: {cert_file: c, key_file: k, client_ca_file: a}}
      labels: {job: push}
      use_incoming_timestamp: true
"""
HEAD = "clients: [{url: http://l/loki/api/v1/push}]\nscrape_configs:\n"


def test_a_whole_file() -> None:
    config = read_config(WHOLE, "promtail.yml")
    (client,) = config.clients
    assert (client.tenant_id, dict(client.external_labels), client.unmet) == ("shop", {"site": "fra"}, ("basic_auth",))
    assert config.positions_file == "/tmp/positions.yaml"
    assert [note.partition(":")[0] for note in config.notes] == ["server"]
    web, found, received = config.scrape_configs
    assert web.static == (
        Static({"__address__": "localhost", "job": "nginx", "__path__": "/var/log/nginx/*.log", "shard": "5"}),
        Static({"__address__": "localhost", "__path__": "/x"}),
    )
    assert web.pipeline_stages == ({"regex": {"expression": r"(?P<level>\w+)"}}, {"labels": {"level": None}})
    assert found.file_sd == (FileSd(("/etc/p/*.yml",), 60 * 10**9),)
    assert found.docker_sd == (DockerSd("unix:///var/run/docker.sock", 5 * 10**9, (("label", ("a=b", "c")),)),)
    assert received.journal == Journal("", 12 * 3600 * 10**9, True, "_TRANSPORT=kernel", {"job": "journal"})
    assert received.syslog == Syslog("0.0.0.0:1514", label_structured_data=True, tls=Tls("c", "k"))
    assert received.push == Push("0.0.0.0:3500", True, Tls("c", "k", "a"), {"job": "push"})


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "promtail.yml:1:1: the file is empty"),
        ("{", "not valid YAML"),
        ("scrape_configs: []", "needs clients: where the lines are sent"),
        ("clients: [{url: loki:3100}]", "clients[0].url must be an http:// or https:// address, not 'loki:3100'"),
        ("client: {url: http://l}", "promtail.yml:1:9: client is no longer read by Promtail, either"),
        (HEAD + "  - job: x\n", "promtail.yml:3:5: unknown key 'job' in scrape_configs[0]; did you mean 'job_name'?"),
        (HEAD + "  - {job_name: a}\n  - {job_name: a}\n", "two scrape_configs have the job_name 'a'"),
        (HEAD + "  - static_configs: []\n", "scrape_configs[0] needs a job_name"),
        (
            HEAD + "  - job_name: k\n    kubernetes_sd_configs: [{role: pod}]\n",
            "promtail.yml:4:28: scrape_configs[0].kubernetes_sd_configs asks Kubernetes: run whodid on the node",
        ),
        (HEAD + "  - {job_name: k, kafka: {brokers: [b]}}\n", "scrape_configs[0].kafka reads Kafka: push its messages"),
        (HEAD + "  - {job_name: k, gelf: {}}\n", "scrape_configs[0].gelf reads GELF"),
        (HEAD + "  - {job_name: k, windows_events: {}}\n", "whodid runs on Linux"),
        (HEAD + "  - {job_name: k, consul_sd_configs: [{}]}\n", "asks a service for targets"),
        (HEAD + "  - {job_name: e, encoding: base64}\n", "encoding 'base64' cannot be read line by line"),
        (
            HEAD + "  - job_name: a\n    pipeline_stages:\n      - docker: \n      - json: {}\n",
            "promtail.yml:6:9: scrape_configs[0].pipeline_stages[1].json: needs expressions",
        ),
        (
            HEAD + "  - job_name: a\n    relabel_configs:\n      - {target_label: a, regex: '('}\n",
            "promtail.yml:5:9: scrape_configs[0].relabel_configs[0].regex: error parsing regexp",
        ),
        (HEAD + "  - {job_name: a, syslog: {}}\n", "scrape_configs[0].syslog needs a listen_address"),
        (HEAD + "  - {job_name: a, journal: {json: maybe}}\n", "json must be true or false"),
        (HEAD + "  - {job_name: a, loki_push_api: {}}\n", "needs an http_listen_port"),
        (HEAD + "  - {job_name: a, docker_sd_configs: [{host: local}]}\n", "must be unix:///var/run/docker.sock"),
        (HEAD + "  - {job_name: a, file_sd_configs: [{}]}\n", "file_sd_configs[0].files: name at least one file"),
    ],
)
def test_mistakes_have_places(text: str, mistake: str) -> None:
    with pytest.raises(PromtailConfigError) as caught:
        read_config(text, "promtail.yml")
    assert mistake in str(caught.value)


def test_variables_are_put_in_only_when_that_is_asked_for() -> None:
    text = "clients: [{url: '${SCHEME:-http}://${HOST}/loki/api/v1/push'}]"
    assert read_config(text, "p", {"HOST": "l:1"}).clients[0].url == "http://l:1/loki/api/v1/push"
    with pytest.raises(PromtailConfigError):
        read_config(text, "p")
