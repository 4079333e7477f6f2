"""whodid.yml: good files are read whole, bad ones are reported whole, and each key can come from the environment.

A file of bad/ begins with what must be said about it: a comment `# expect LINE:COLUMN: message` for each mistake.
"""

import re
import socket
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from whodid.agent.settings import RedactRule, RedactSettings, SourceSettings
from whodid.api.hooks import DeployHook, GithubHook, Hooks
from whodid.config.environment import KEYS, is_section
from whodid.config.load import (
    NOTIFY_KEYS,
    PERSON_KEYS,
    REDACT_KEYS,
    REDACT_RULE_KEYS,
    ConfigError,
    default_data_dir,
    find_file,
    is_loopback,
    load_config,
)
from whodid.config.settings import AgentSection, Config, Limits, Listen, Retention
from whodid.config.sources import SECTIONS, SOURCE_KEYS
from whodid.formats import FORMATS
from whodid.formats.redact_rules import KINDS
from whodid.model.clock import SECOND
from whodid.model.person import Person
from whodid.notify.settings import WebhookSettings

HERE = Path(__file__).parent


def messages(path: Path | None, environment: dict[str, str]) -> list[str]:
    """What is wrong with a file under an environment; a mistake of the file without its name."""
    with pytest.raises(ConfigError) as caught:
        load_config(path, environment)
    assert str(caught.value).splitlines() == [str(mistake) for mistake in caught.value.mistakes]
    return [str(mistake).removeprefix(f"{path}:") for mistake in caught.value.mistakes]


@pytest.mark.parametrize("path", sorted((HERE / "bad").glob("*.yml")), ids=lambda path: path.stem)
def test_a_bad_file_names_every_mistake_with_its_place(path: Path) -> None:
    expected = re.findall(r"^# expect (.*)$", path.read_text(), re.MULTILINE)
    assert expected, "a bad file says what is wrong with it"
    words = {"FORMATS": FORMATS, "SECTIONS": SECTIONS, "KINDS": KINDS}
    for word, names in words.items():
        expected = [text.replace(word, ", ".join(names)) for text in expected]
    assert sorted(messages(path, {})) == sorted(expected)


@pytest.mark.parametrize("path", sorted((HERE / "good").glob("*.yml")), ids=lambda path: path.stem)
def test_a_good_file_is_read(path: Path) -> None:
    assert load_config(path, {}).server.port


@pytest.mark.parametrize("name", ["empty", "comments_only", "null", "sections_without_keys"])
def test_a_file_that_says_nothing_is_the_defaults(name: str) -> None:
    assert load_config(HERE / "good" / f"{name}.yml", {}) == load_config(None, {})


def test_the_defaults_are_those_of_the_settings() -> None:
    assert load_config(None, {}) == Config(default_data_dir({}), agent=AgentSection(host=socket.gethostname()))


def test_a_full_file_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/dana")
    assert load_config(HERE / "good" / "full.yml", {}) == Config(
        data_dir=Path("/home/dana/trail"),
        server=Listen("127.0.0.5", 4100),
        dashboard=Listen("::1", 8778),
        store_memory_bytes=1 << 30,
        retention=Retention(60 * 3600 * SECOND, 5_000_000_000, 70),
        limits=Limits(100, 721 * 3600 * SECOND, 50, 20, 90 * SECOND, 1 << 28, 70),
        rules=("builtin", "rules/*.yml"),
        notify=(
            WebhookSettings("pager", "https://hooks.team.example/alerts", Path("/home/dana/hook.secret"), 2.5),
            WebhookSettings("webhook-2", "http://127.0.0.1:9", send_resolved=False),
        ),
        people=(
            Person(
                "dana",
                "Dana Ronen",
                ("dana@team.example", "d@team.example"),
                ("danar",),
                ("dana_rw",),
                ("dana",),
                ("SHA256:abc", "MD5:aa:bb"),
                ("10.0.0.1", "10.1.0.0/16", "2001:db8::/32"),
            ),
            Person("nameless", "nameless"),
        ),
        webhooks=Hooks(
            GithubHook(Path("/home/dana/github.secret"), ("ship",)), DeployHook(Path("/etc/whodid/deploy.token"))
        ),
        agent=AgentSection(
            "http://10.0.0.5:3100",
            "prod",
            Path("/etc/whodid/agent-token"),
            (
                SourceSettings(
                    job="database",
                    format="postgres",
                    paths=("/var/log/postgresql/*.log",),
                    exclude=("*.gz",),
                    labels={"env": "prod", "shard": "7"},
                    line_prefix="%m [%p] ",
                    timezone="Asia/Jerusalem",
                    encoding="ISO-8859-1",
                ),
                SourceSettings(
                    "app",
                    "plain",
                    ("/srv/app.log",),
                    options={"multiline": "stamp"},
                    relabel_configs=({"regex": "shard", "action": "labeldrop"},),
                    pipeline_stages=({"drop": {"expression": "noise"}},),
                    automatic_labels=False,
                    file_label=False,
                ),
            ),
            RedactSettings(
                (RedactRule("internal_token", "tok_[a-z0-9]{20}"),), Path("/home/dana/redact.key"), ("cookie",)
            ),
            "shop",
            promtail_positions=Path("/var/log/positions.yaml"),
        ),
    )


def test_the_agent_s_server_is_this_machine_s_unless_it_is_said() -> None:
    assert load_config(None, {"WHODID_SERVER_LISTEN": '"[::1]:99"'}).agent.server == "http://[::1]:99"
    said = {"WHODID_SERVER_LISTEN": "127.0.0.1:99", "WHODID_AGENT_SERVER": "http://10.0.0.5:3100/"}
    assert load_config(None, said).agent.server == "http://10.0.0.5:3100"


def test_what_a_merge_key_brings_does_not_override() -> None:
    _, other = load_config(HERE / "good" / "merge_keys.yml", {}).people
    assert (other.emails, other.addresses) == (("y@team.example",), ("10.0.0.2",))


def test_full_yml_uses_every_key() -> None:
    """So that no key is added without a case: the words of KEYS are those of the file."""
    text = (HERE / "good" / "full.yml").read_text()
    keys = {key for section in KEYS.values() for key in section} - {"promtail_config", "promtail_expand_env"}
    keys |= {*SOURCE_KEYS, *PERSON_KEYS, *NOTIFY_KEYS, *REDACT_KEYS, *REDACT_RULE_KEYS} - SECTIONS.keys()
    assert {key for key in keys if not re.search(rf"\b{key}:", text)} == set()


# -- the environment ------------------------------------------------------------------------------

OVERRIDES = {
    "WHODID_DATA_DIR": ("/srv/trail", "data_dir", Path("/srv/trail")),
    "WHODID_SERVER_LISTEN": ("127.0.0.1:1", "server", Listen("127.0.0.1", 1)),
    "WHODID_DASHBOARD_LISTEN": ('"[::1]:2"', "dashboard", Listen("::1", 2)),
    "WHODID_STORE_URL": ("chdb", "store_url", "chdb"),
    "WHODID_STORE_MEMORY_BYTES": ("12345678", "store_memory_bytes", 12345678),
    "WHODID_RETENTION_PERIOD": ("30d", "retention.period_ns", 30 * 86_400 * SECOND),
    "WHODID_RETENTION_MAX_BYTES": ("7", "retention.max_bytes", 7),
    "WHODID_RETENTION_MAX_DISK_PERCENT": ("50", "retention.max_disk_percent", 50),
    "WHODID_LIMITS_MAX_ENTRIES_LIMIT_PER_QUERY": ("9", "limits.max_entries_limit_per_query", 9),
    "WHODID_LIMITS_MAX_QUERY_LENGTH": ("30d", "limits.max_query_length_ns", 720 * 3600 * SECOND),
    "WHODID_LIMITS_MAX_QUERY_SERIES": ("8", "limits.max_query_series", 8),
    "WHODID_LIMITS_MAX_STREAMS_MATCHERS_PER_QUERY": ("7", "limits.max_streams_matchers_per_query", 7),
    "WHODID_LIMITS_QUERY_TIMEOUT": ("5m", "limits.query_timeout_ns", 300 * SECOND),
    "WHODID_LIMITS_QUERY_MEMORY_BYTES": ("123456", "limits.query_memory_bytes", 123456),
    "WHODID_LIMITS_VOLUME_MAX_SERIES": ("6", "limits.volume_max_series", 6),
    "WHODID_RULES": ('["builtin", "r/*.yml"]', "rules", ("builtin", "r/*.yml")),
    "WHODID_NOTIFY": ('[{url: "http://x"}]', "notify", (WebhookSettings("webhook-1", "http://x"),)),
    "WHODID_PEOPLE": ("{dana: {unix: [d]}}", "people", (Person("dana", "dana", unix=("d",)),)),
    "WHODID_WEBHOOKS_GITHUB_SECRET_FILE": ("/s", "webhooks.github.secret_file", Path("/s")),
    "WHODID_WEBHOOKS_GITHUB_DEPLOY_WORKFLOWS": ("[a, b]", "webhooks.github.deploy_workflows", ("a", "b")),
    "WHODID_WEBHOOKS_DEPLOY_SECRET_FILE": ("/d", "webhooks.deploy.secret_file", Path("/d")),
    "WHODID_AGENT_SERVER": ("https://logs.team.example", "agent.server", "https://logs.team.example"),
    "WHODID_AGENT_HOST": ("web-1", "agent.host", "web-1"),
    "WHODID_AGENT_TOKEN_FILE": ("~/t", "agent.token_file", Path.home() / "t"),
    "WHODID_AGENT_TENANT": ("shop", "agent.tenant", "shop"),
    "WHODID_AGENT_PROMTAIL_EXPAND_ENV": ("true", "agent.promtail_expand_env", True),
    "WHODID_AGENT_PROMTAIL_POSITIONS": ("/p.yaml", "agent.promtail_positions", Path("/p.yaml")),
    "WHODID_AGENT_REDACT": ("{disabled: [jwt]}", "agent.redact", RedactSettings(disabled=("jwt",))),
    "WHODID_AGENT_SOURCES": ("[{job: a, paths: [/a]}]", "agent.sources", (SourceSettings("a", "plain", ("/a",)),)),
}
REFUSED = {"WHODID_AUTH_TOKENS_FILE": "/t"}
"""Keys that have no good value in this version."""
ELSEWHERE = {"WHODID_AGENT_PROMTAIL_CONFIG"}
"""Sets other keys, too: test_promtail.py."""


def variables() -> set[str]:
    """The name of every key's variable, as the documentation forms it."""
    named = ((section, key) for section, keys in KEYS.items() for key in keys if not is_section(section, key))
    return {f"WHODID_{section}_{key}".upper().replace(".", "_").replace("__", "_") for section, key in named}


def test_every_key_has_a_variable_and_every_variable_a_case() -> None:
    assert {*OVERRIDES, *REFUSED, *ELSEWHERE} == variables()


@pytest.mark.parametrize("file", [None, HERE / "good" / "full.yml"], ids=["alone", "over a file"])
@pytest.mark.parametrize("variable", OVERRIDES)
def test_a_variable_overrides_its_key_and_nothing_else(variable: str, file: Path | None) -> None:
    text, where, value = OVERRIDES[variable]
    before, after = _flat(load_config(file, {})), _flat(load_config(file, {variable: text}))
    assert after[where] == value
    # The agent's server is this machine's, unless it is said.
    beside = {"agent.server"} if variable == "WHODID_SERVER_LISTEN" and file is None else set()
    assert {name for name in before if before[name] != after[name]} <= {where, *beside}


def _flat(config: object, prefix: str = "") -> dict[str, object]:
    """The fields by dotted name; Listen and RedactSettings are one value each."""
    found: dict[str, object] = {}
    for field in fields(config):  # type: ignore[arg-type]
        value = getattr(config, field.name)
        if is_dataclass(value) and not isinstance(value, Listen | RedactSettings):
            found |= _flat(value, f"{prefix}{field.name}.")
        else:
            found[f"{prefix}{field.name}"] = value
    return found


@pytest.mark.parametrize("variable", sorted(REFUSED))
def test_what_is_not_available_is_refused_from_the_environment_too(variable: str) -> None:
    (message,) = messages(None, {variable: REFUSED[variable]})
    assert message.startswith(f"environment variable {variable}:1:1: ")
    assert "not available in this version" in message


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("WHODID_RULES", "builtin", "1:1: rules must be a list"),
        ("WHODID_DATA_DIR", "[/a]", "1:1: data_dir must be a text"),
        ("WHODID_SERVER_LISTEN", "0.0.0.0:3100", "1:1: server.listen 0.0.0.0:3100 would serve the trail"),
        ("WHODID_SERVER_LISTEN", "[::1]:3100", "1:2: not valid YAML: "),
        ("WHODID_RETENTION_PERIOD", "soon", "1:1: period: not a valid duration string: 'soon'"),
        ("WHODID_PEOPLE", "{dana: {mails: [d]}}", "1:9: unknown key 'mails' in people.dana; did you mean 'emails'?"),
        ("WHODID_PEOPLE", "dana:\n  addresses: [x]", "2:14: people.dana.addresses: 'x' is no IP address or CIDR range"),
        ("WHODID_AGENT_SOURCES", "[{job: a}]", "1:2: agent.sources[0] follows nothing: give paths"),
        ("WHODID_NOTIFY", "[&a [*a]]", "1:2: notify[0] must be a mapping"),
    ],
)
def test_a_mistake_in_a_variable_names_the_variable(variable: str, text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "whodid.yml"
    file.write_text("# three lines, so that a place in the file\n# could not be mistaken for one\ndata_dir: /a\n")
    found = messages(file, {variable: text})
    assert any(message.startswith(f"environment variable {variable}:{said}") for message in found), found
    assert all(message.startswith(f"environment variable {variable}:") for message in found), found


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load_config(None, {"WHODID_DATA_DIR": "", "WHODID_RULES": ""}) == load_config(None, {})


# -- the file -------------------------------------------------------------------------------------


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "no.yml"
    assert messages(missing, {}) == ["1:1: cannot read the configuration: No such file or directory"]
    assert messages(tmp_path, {}) == ["1:1: cannot read the configuration: Is a directory"]


def test_a_file_of_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "whodid.yml"
    file.write_bytes("data_dir: /tr\xe4il\n".encode("latin-1"))
    assert messages(file, {}) == ["1:1: cannot read the configuration: it is not UTF-8 text"]
    file.write_bytes("\ufeffdata_dir: /träil\n".encode())
    assert load_config(file, {}).data_dir == Path("/träil")


def test_control_characters_are_one_mistake(tmp_path: Path) -> None:
    file = tmp_path / "whodid.yml"
    file.write_text("data_dir: /a\x00b\n")
    (message,) = messages(file, {})
    assert message.startswith("1:1: not valid YAML: ")
    assert "\n" not in message


def test_all_mistakes_at_once_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "whodid.yml"
    file.write_text("sever: {}\nagent:\n  sources:\n    - {job: [a], paths: [/a]}\nretention: {period: 1s}\n")
    assert messages(file, {"WHODID_SERVER_LISTEN": "nowhere"}) == [
        "1:1: unknown key 'sever' in the configuration; did you mean 'server'?",
        "4:13: agent.sources[0] needs a job, the label its lines are found by",
        "4:13: job must be a text",
        "5:21: retention.period must be at least 1h, not 1s",
        "environment variable WHODID_SERVER_LISTEN:1:1: server.listen must be address:port, such as 127.0.0.1:3100, "
        "not 'nowhere'",
    ]


def test_where_the_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("whodid.config.load.DEFAULT_FILES", (Path("whodid.yml"), tmp_path / "etc.yml"))
    assert find_file(None, {}) is None
    (tmp_path / "etc.yml").touch()
    assert find_file(None, {}) == tmp_path / "etc.yml"
    (tmp_path / "whodid.yml").touch()
    assert find_file(None, {}) == Path("whodid.yml")
    assert find_file(None, {"WHODID_CONFIG": "/env.yml"}) == Path("/env.yml")
    assert find_file(Path("/given.yml"), {"WHODID_CONFIG": "/env.yml"}) == Path("/given.yml")


def test_the_data_directory_of_an_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/dana")
    assert default_data_dir({}) == Path("/home/dana/.local/share/whodid")
    assert default_data_dir({"XDG_DATA_HOME": "/data"}) == Path("/data/whodid")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.9", "::1", "localhost"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.evil.example", "*", "", "127.1"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_the_address_of_an_ipv6_listener_has_brackets() -> None:
    assert Listen("::1", 80).url == "http://[::1]:80"
