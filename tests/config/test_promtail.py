"""`agent.promtail_config`: what it adds to whodid.yml, every mistake with its place, and the same as `agent convert`.

promtail/good holds files of which the converted text must mean the same; those of promtail/bad begin with what must be
said about them: a comment `# expect LINE:COLUMN: message` for each mistake.
"""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from whodid.agent.settings import SourceSettings
from whodid.cli.main import app
from whodid.cli.serve import agent_settings
from whodid.config.load import ConfigError, load_config
from whodid.config.settings import AgentSection
from whodid.model.clock import SECOND
from whodid.sources.docker import DockerSettings
from whodid.sources.docker_container import Filter
from whodid.sources.file_sd import FileSdSettings
from whodid.sources.journal import JournalSettings
from whodid.sources.push import PushSettings
from whodid.sources.syslog import SyslogSettings

HERE = Path(__file__).parent / "promtail"
GOOD = sorted((HERE / "good").glob("*.yml"))
BAD = sorted((HERE / "bad").glob("*.yml"))
HEAD = "clients: [{url: http://127.0.0.1:3100/loki/api/v1/push}]\n"


def load(promtail: Path, tmp_path: Path, more: str = "", environment: dict[str, str] | None = None) -> AgentSection:
    file = tmp_path / "whodid.yml"
    file.write_text(f"agent:\n  promtail_config: {promtail}\n{more}")
    return load_config(file, environment or {}).agent


def test_files_and_lists_of_targets(tmp_path: Path) -> None:
    agent = load(HERE / "good" / "files.yml", tmp_path)
    assert (agent.server, agent.tenant) == ("https://logs.team.example", "shop")
    assert agent.token_file == Path("/etc/promtail/token")
    assert agent.promtail_positions == Path("/var/lib/promtail/positions.yaml")
    web, app_log, found = agent.sources
    assert (web.paths, web.exclude) == (("/var/log/nginx/*.log", "/var/log/apache2/*.log"), ("*.gz",))
    assert (web.labels, app_log.labels, app_log.paths) == ({"job": "nginx"}, {"app": "app"}, ("/srv/app.log",))
    assert found.file_sd == FileSdSettings(("/etc/promtail/targets/*.yml", "/etc/promtail/more.json"), 60 * SECOND)
    assert found.relabel_configs == ({"source_labels": ["__meta_filepath"], "target_label": "list"},)
    assert (web.encoding, found.encoding) == ("", "windows-1252")
    for source in agent.sources:
        assert (source.format, source.automatic_labels, source.file_label) == ("raw", False, True)
    assert web.pipeline_stages[1] == {"labels": {"ip": None, "status": "no"}}
    assert web.pipeline_stages[3] == {"template": {"source": "t", "template": "{{ .ip }}\n {{ if .no }}x{{ end }}\n"}}
    assert web.pipeline_stages[4] == {
        "match": {"selector": '{site=""}', "stages": [{"static_labels": {"site": "fra"}}]}
    }


def test_what_is_no_file(tmp_path: Path) -> None:
    agent = load(HERE / "good" / "received.yml", tmp_path)
    assert agent.promtail_positions == Path("/var/log/positions.yaml")
    journal, syslog, udp, push, docker = agent.sources
    assert journal.journal == JournalSettings("/var/log/journal", 12 * 3600 * SECOND, "_TRANSPORT=kernel", True)
    assert journal.labels == {"job": "systemd"}
    assert syslog.syslog == SyslogSettings(
        "127.0.0.1:1514",
        idle_timeout_ns=60 * SECOND,
        label_structured_data=True,
        use_incoming_timestamp=True,
        use_rfc5424_message=True,
    )
    assert udp.syslog == SyslogSettings("127.0.0.1:1515", "udp", use_rfc5424_message=False)
    assert push.push == PushSettings("127.0.0.1:3500", use_incoming_timestamp=True)
    assert docker.docker == DockerSettings(
        refresh_interval_ns=5 * SECOND, filters=(Filter("label", ("logging=on",)),), events=False
    )
    assert docker.pipeline_stages == ({"docker": {}},)
    assert [source.job for source in agent.sources] == ["journal", "syslog", "syslog udp", "push", "docker"]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_the_converted_text_means_the_same(path: Path, tmp_path: Path) -> None:
    """Through the command, as somebody types it: its output is a whodid.yml."""
    result = CliRunner().invoke(app, ["agent", "convert", str(path)])
    assert result.exit_code == 0, result.output
    (tmp_path / "converted.yml").write_text(result.stdout)
    converted = load_config(tmp_path / "converted.yml", {}).agent
    read = load(path, tmp_path)
    assert converted.sources == read.sources
    for name in ("server", "token_file", "tenant", "promtail_positions"):
        assert getattr(converted, name) == getattr(read, name), name


def test_own_sources_stay_and_what_whodid_yml_says_counts(tmp_path: Path) -> None:
    more = (
        "  server: http://mine:1\n  token_file: /mine\n  tenant: ''\n  promtail_positions: /p\n"
        "  sources: [{job: own, paths: [/own]}]\n"
    )
    agent = load(HERE / "good" / "files.yml", tmp_path, more)
    assert (agent.server, agent.token_file, agent.tenant) == ("http://mine:1", Path("/mine"), "")
    assert agent.promtail_positions == Path("/p")
    assert agent.sources[0] == SourceSettings("own", "plain", ("/own",))
    assert len(agent.sources) == 4


def test_the_environment_names_the_file() -> None:
    agent = load_config(None, {"WHODID_AGENT_PROMTAIL_CONFIG": str(HERE / "good" / "files.yml")}).agent
    assert (len(agent.sources), agent.server) == (3, "https://logs.team.example")


def test_nothing_is_looked_for_where_promtail_follows_nothing(tmp_path: Path) -> None:
    file = tmp_path / "whodid.yml"
    file.write_text(f"agent: {{promtail_config: {HERE / 'good' / 'nothing.yml'}}}\n")
    assert agent_settings(load_config(file, {})).sources == ()


def test_the_agent_is_told_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "whodid.yml"
    file.write_text(f"agent: {{promtail_config: {HERE / 'good' / 'files.yml'}}}\n")
    settings = agent_settings(load_config(file, {}))
    assert (settings.server, settings.tenant, settings.token_file) == (
        "https://logs.team.example", "shop", Path("/etc/promtail/token")
    )  # fmt: skip
    assert settings.promtail_positions == Path("/var/lib/promtail/positions.yaml")


def test_variables_are_put_in_only_when_asked_for(tmp_path: Path) -> None:
    promtail = tmp_path / "promtail.yml"
    promtail.write_text(
        HEAD + "scrape_configs: [{job_name: a, static_configs: [{labels: {__path__: '${LOGS:-/var/log}/x'}}]}]\n"
    )
    (plain,) = load(promtail, tmp_path, environment={"LOGS": "/srv"}).sources
    assert plain.paths == ("$LOGS:-/var/log/x",)  # as a glob with braces
    for environment, path in (({}, "/var/log/x"), ({"LOGS": "/srv"}, "/srv/x")):
        (source,) = load(promtail, tmp_path, "  promtail_expand_env: true\n", environment).sources
        assert source.paths == (path,)
    result = CliRunner(env={"LOGS": "/srv"}).invoke(app, ["agent", "convert", "--expand-env", str(promtail)])
    assert "- /srv/x\n" in result.stdout


def test_targets_of_this_host(tmp_path: Path) -> None:
    promtail = tmp_path / "promtail.yml"
    promtail.write_text(
        HEAD + "scrape_configs: [{job_name: a, static_configs: [{labels: {__path__: /x, __host__: web-7}}]}]\n"
    )
    assert load(promtail, tmp_path).sources == ()
    assert len(load(promtail, tmp_path, environment={"HOSTNAME": "web-7"}).sources) == 1


# -- mistakes -------------------------------------------------------------------------------------


def messages(promtail: Path, tmp_path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(promtail, tmp_path)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_names_every_mistake_with_its_place(path: Path, tmp_path: Path) -> None:
    expected = re.findall(r"^# expect (.*)$", path.read_text(), re.MULTILINE)
    assert expected, messages(path, tmp_path)
    assert [message.removeprefix(f"{path}:") for message in messages(path, tmp_path)] == expected
    result = CliRunner().invoke(app, ["agent", "convert", str(path)])
    assert result.exit_code == 2
    assert expected[0] in result.output


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    (message,) = messages(tmp_path / "none.yml", tmp_path)
    assert message == (
        f"{tmp_path}/whodid.yml:2:20: agent.promtail_config: cannot read {tmp_path}/none.yml: No such file or directory"
    )


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "promtail.yml").write_bytes(b"clients: \xff\n")
    (message,) = messages(tmp_path / "promtail.yml", tmp_path)
    assert message.endswith("promtail.yml: it is not UTF-8 text")
    result = CliRunner().invoke(app, ["agent", "convert", str(tmp_path / "promtail.yml")])
    assert (result.exit_code, "it is not UTF-8 text" in result.output) == (2, True)
