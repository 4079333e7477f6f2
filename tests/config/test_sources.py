"""Members of `agent.sources`: every kind of source, and every way to get one wrong."""

from pathlib import Path

import pytest

from whodid.config.load import ConfigError, load_config
from whodid.model.clock import SECOND
from whodid.sources.docker import DockerSettings
from whodid.sources.docker_container import Filter
from whodid.sources.journal import JournalSettings
from whodid.sources.push import PushSettings


def load(tmp_path: Path, sources: str):  # type: ignore[no-untyped-def]
    path = tmp_path / "whodid.yml"
    path.write_text(f"agent:\n  sources:\n{sources}")
    return load_config(path, {}).agent.sources


def test_the_journal(tmp_path: Path) -> None:
    (source,) = load(tmp_path, "    - {job: journal, journal: {max_age: 2h, matches: _UID=0, json: true}}\n")
    assert source.journal == JournalSettings(max_age_ns=7200 * SECOND, matches="_UID=0", json=True)
    assert source.paths == ()


def test_promtails_parts_are_taken_as_plain_data(tmp_path: Path) -> None:
    (source,) = load(
        tmp_path,
        "    - job: web\n      paths: [/a]\n      automatic_labels: false\n      relabel_configs:\n"
        "        - {source_labels: [__path__], target_label: file, modulus: 3}\n      pipeline_stages:\n"
        "        - {timestamp: {source: t, format: 2006-01-02}}\n        - {labels: {level: null}}\n",
    )
    assert source.relabel_configs == ({"source_labels": ["__path__"], "target_label": "file", "modulus": 3},)
    assert source.pipeline_stages == (
        {"timestamp": {"source": "t", "format": "2006-01-02"}},
        {"labels": {"level": None}},
    )
    assert source.automatic_labels is False


def test_docker_and_pushes(tmp_path: Path) -> None:
    docker, push = load(
        tmp_path,
        "    - {job: docker, docker: {refresh_interval: 5s, files: false, filters: [{name: label, values: [a=b]}]}}\n"
        '    - {job: app, push: {listen_address: "127.0.0.1:3600", timeout: 5s}}\n',
    )
    assert docker.docker == DockerSettings(
        refresh_interval_ns=5 * SECOND, files=False, filters=(Filter("label", ("a=b",)),)
    )
    assert push.push == PushSettings(listen_address="127.0.0.1:3600", timeout_s=5.0)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("{job: a}", "follows nothing: give paths, or one of"),
        ("{job: a, paths: [/x], journal: {}}", "has paths and journal: make a source of each"),
        ("{job: a, journal: {maxage: 3h}}", "unknown key 'maxage' in journal; did you mean 'max_age'?"),
        ("{job: a, journal: {max_age: soon}}", "max_age: "),
        ("{job: a, paths: [/x], format: nginx}", "unknown format 'nginx'"),
        ("{job: a, paths: [/x], labels: {a-b: c}}", "'a-b' is not a label name"),
        ("{job: a, paths: [/x], pipeline_stages: [{jsn: {}}]}", "there is no stage 'jsn'"),
        ("{job: a, paths: [/x], relabel_configs: [{action: hash}]}", "relabel_configs[0]"),
        ("{job: a, paths: [/x], pipeline_stages: [json]}", "pipeline_stages: each item must be a mapping"),
        ("{paths: [/x]}", "needs a job"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, source: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"    - {source}\n")
    assert says in str(caught.value)
    assert "whodid.yml:3:" in str(caught.value)
