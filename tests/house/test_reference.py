"""The documentation says what the code does: generated parts are fresh, lists are complete, examples really work."""

import ast
import base64
import importlib.util
import json
import re
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from kit.log_samples import join_records, read_samples
from whodid.cli.main import app
from whodid.config.load import load_config
from whodid.formats import (
    FORMATS,
    FormatSettings,
    auth_messages,
    backup_messages,
    cron_messages,
    fail2ban_messages,
    kernel_messages,
    make_format,
    sshd_messages,
)
from whodid.formats import nginx_variables as nginx
from whodid.formats.message_rules import Rule
from whodid.formats.postgres_escapes import ESCAPES
from whodid.investigate.weights import WEIGHTS
from whodid.logql.parser import parse
from whodid.notify.webhook import sign
from whodid.rules.load import load_text
from whodid.sources import docker_events
from whodid.sources.docker_container import FORMAT_LABEL, JOB_LABEL, PREFIX_LABEL

ROOT = Path(__file__).parents[2]
REFERENCE, GUIDE = ROOT / "docs" / "reference", ROOT / "docs" / "guide"
PAGES = sorted([*REFERENCE.glob("*.md"), *GUIDE.glob("*.md"), ROOT / "README.md"])
SAMPLES = ROOT / "tests" / "formats" / "samples"
PROMTAIL = ROOT / "tests" / "config" / "promtail" / "good" / "files.yml"
ENVELOPES = {"received", "docker"}
"""Formats that give what the format inside them gives, too."""
NOT_KEPT = {"", "stamp", "epoch", "type", "what", "why", "name"} | {
    *("state", "code", "said", "child", "account", "by", "ruser", "from", "root", "sent", "who", "directory")
}
"""Names of patterns that become no attribute."""
LABELS = {"compose_project", "compose_service"}
"""Labels of containers, which are no attributes."""
DOCKER = {
    "attach", "commit", "copy", "create", "destroy", "detach", "die", "exec_create", "exec_detach", "exec_die",
    "exec_start", "export", "health_status", "kill", "oom", "pause", "rename", "resize", "restart", "start", "stop",
    "top", "unpause", "update",
}  # fmt: skip
"""Events of containers, in Docker's words (Docker Engine API, "Monitor events")."""


def load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("reference_tool", ROOT / "tools" / "reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


tool = load_tool()


def fences(language: str) -> list[Any]:
    """Every code block of a language, as a test case."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    found = ((page, pattern.findall(page.read_text())) for page in PAGES)
    return [pytest.param(block, id=f"{page.stem}-{n}") for page, blocks in found for n, block in enumerate(blocks)]


def named_in_first_column(page: str) -> set[str]:
    """All `names` in the first cells of a page's tables."""
    cells = re.findall(r"^\| ([^|]+) \|", (REFERENCE / page).read_text(), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


# ---- generated parts ----


@pytest.mark.parametrize("page", sorted(REFERENCE.glob("*.md")), ids=lambda page: page.stem)
def test_generated_parts_are_fresh(page: Path) -> None:
    assert page.read_text() == tool.written(page.read_text()), "run python tools/reference.py"


def test_every_generated_part_stands_somewhere() -> None:
    text = "".join(page.read_text() for page in REFERENCE.glob("*.md"))
    assert sorted(re.findall(r"<!-- generated: ([a-z-]+) -->", text)) == sorted(tool.BLOCKS)


def test_a_stale_page_is_noticed() -> None:
    page = (REFERENCE / "limits.md").read_text()
    stale = page.replace("64 MiB", "65 MiB")
    assert stale != page
    assert tool.written(stale) == page


# ---- lists ----


def deliveries() -> list[tuple[str, dict[str, Any]]]:
    """GitHub's deliveries by the names of their samples, and what they say."""
    paths = sorted((ROOT / "tests" / "formats" / "github").glob("*.json"))
    return [(path.stem, json.loads(path.read_text())["says"]) for path in paths]


def emitted_attributes() -> set[str]:
    """Every attribute that a format can set: from the samples, and from the code where the samples do not reach."""
    found = {name for name, _ in ESCAPES.values()}
    for path in SAMPLES.glob("*.log"):
        settings, samples = read_samples(path)
        for sample in samples:
            found |= set(sample.expected)
        assert settings is not None
    recorded = (ROOT / "tests/formats/recorded/postgresql-15.json").read_text().splitlines()
    json_log = make_format("postgres_json", FormatSettings())
    for record in join_records(json_log, recorded):
        found |= set(json_log.parse(record).attributes)
    for _, says in deliveries():
        found |= {"event", *says["attributes"], *says.get("deployment", {})}
    for file in (ROOT / "src/whodid/formats").glob("*.py"):
        found |= set(re.findall(r'\bout(?:\["|\.setdefault\(")(\w+)"', file.read_text()))
    found |= {known.attribute for name, known in nginx.VARIABLES.items() if name != known.attribute or known.convert}
    found |= nginx._KEPT.keys() | attributes_of_transports()
    found |= {name for rule in message_rules() for name in rule.pattern.groupindex}
    return {name for name in found if not name.startswith("sd_")} - NOT_KEPT


def attributes_of_transports() -> set[str]:
    """What those set that receive records: the names in each function that makes one."""
    found = set(docker_events._NAMES.values())
    for file in (ROOT / "src/whodid/sources").glob("*.py"):
        for function in ast.walk(ast.parse(file.read_text())):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            inside = list(ast.walk(function))
            if any(isinstance(node, ast.Call) and ast.unparse(node.func) == "Received" for node in inside):
                keys = [key for node in inside if isinstance(node, ast.Dict) for key in node.keys]
                keys += [node.slice for node in inside if isinstance(node, ast.Subscript)]
                found |= {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return {name for name in found if not name.startswith("__")} - LABELS


def message_rules() -> list[Rule]:
    """Every pattern of the formats whose messages are read by tables of them."""
    found: list[Rule] = []
    for module in (auth_messages, backup_messages, cron_messages, fail2ban_messages, kernel_messages, sshd_messages):
        tables = [table for table in vars(module).values() if isinstance(table, tuple)]
        found += [rule for table in tables for rule in table if isinstance(rule, Rule)]
    return found


def emitted_operations() -> set[str]:
    """Every operation that is no SQL command and no HTTP method."""
    found = {rule.operation for rule in message_rules()} | DOCKER
    for file in (ROOT / "src/whodid/formats").glob("*.py"):
        found |= set(re.findall(r'out\["operation"\](?:, out\["outcome"\])? = "(\w+)"', file.read_text()))
    for path in SAMPLES.glob("*.log"):
        found |= {sample.expected.get("operation", "") for sample in read_samples(path)[1]}
    for name, says in deliveries():
        told = [says["attributes"], says.get("deployment", {})]
        found |= {part.get("operation", "") for part in told} if not name.startswith("unknown_") else set()
    return {name for name in found if name and (name.islower() or name == "FETCH")}


def test_every_attribute_is_documented_and_none_besides() -> None:
    page = (REFERENCE / "attributes.md").read_text()
    attributes = set(re.findall(r"^\| `(\w+)` \| .* \| .*? \|$", page.partition("## Values")[0], re.MULTILINE))
    emitted = emitted_attributes()
    assert emitted - attributes == set()
    assert attributes - emitted - {"query"} == set()  # `query` is set through a table of follow-up parts


def test_every_operation_is_documented_and_none_besides() -> None:
    table = (REFERENCE / "attributes.md").read_text().partition("## Values")[2]
    cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    documented = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    indirect = {"parse", "bind", "plan", "fastpath"}  # words of a message, used as they stand
    assert emitted_operations() - documented == set()
    assert documented - emitted_operations() - indirect == set()


def test_the_formats_of_an_attribute_are_right() -> None:
    page = (REFERENCE / "attributes.md").read_text()
    claims = dict(re.findall(r"^\| `(\w+)` \| .* \| ([^|]*?) \|$", page, re.MULTILINE))
    for path in SAMPLES.glob("*.log"):
        for sample in read_samples(path)[1]:
            for name in (name for name in sample.expected if not name.startswith("sd_")):
                of_inner = path.stem in ENVELOPES and name in claims
                assert of_inner or path.stem in claims[name].split(", "), f"{name} in {sample.where}"


def test_every_format_is_documented() -> None:
    assert set(FORMATS) <= named_in_first_column("formats.md")


def test_every_kind_of_evidence_is_documented_with_its_verdict() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", (GUIDE / "people.md").read_text(), re.MULTILINE)
    assert dict(rows) == {kind: weight.verdict for kind, weight in WEIGHTS.items()}


def test_every_route_is_documented() -> None:
    assert {path for _, path, _ in tool.routes()} <= named_in_first_column("api.md")


# ---- examples ----


@pytest.mark.parametrize("block", fences("yaml"))
def test_examples_of_yaml_are_sound(block: str, tmp_path: Path) -> None:
    name = block.partition("\n")[0].removeprefix("# ")
    if name.startswith("rules/"):
        assert load_text(block, name, parse).mistakes == ()
    elif name == "promtail.yml":
        assert "/loki/api/v1/push" in block
    elif name == "compose.yml":
        labels = {label for service in yaml.safe_load(block)["services"].values() for label in service["labels"]}
        assert labels == {FORMAT_LABEL, PREFIX_LABEL, JOB_LABEL}
    else:
        file = tmp_path / "whodid.yml"
        file.write_text(block.replace("/etc/promtail/config.yml", str(PROMTAIL)))
        load_config(file, {})


@pytest.mark.parametrize("block", fences("logql"))
def test_examples_of_logql_parse(block: str) -> None:
    parse(block)


@pytest.mark.parametrize("block", fences("console"))
def test_examples_of_commands_exist(block: str) -> None:
    for line in block.splitlines():
        called = re.match(r"[$#] (?:\S*/)?whodid (.*)", line)
        if called is None:
            continue
        command: Any = typer.main.get_command(app)
        arguments = shlex.split(called[1].partition(" > ")[0], comments=True)
        while hasattr(command, "commands"):
            command = command.commands[arguments.pop(0)]
        command.make_context("whodid", arguments)  # raises for an option that does not exist


def test_the_example_receiver_knows_what_whodid_signs() -> None:
    block = re.findall(r"```python\n(.*?)```", (GUIDE / "alerts.md").read_text(), re.DOTALL)[0]
    names: dict[str, Any] = {"__name__": "example"}
    exec(block, names)
    secret, body, stamp = b"s3cret", b'{"alerts": []}', str(int(time.time()))
    headers = {"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": sign(secret, "m1", stamp, body)}
    assert names["is_genuine"](secret, headers, body)
    assert not names["is_genuine"](secret, headers, body + b" ")
    assert not names["is_genuine"](b"another", headers, body)
    old = str(int(stamp) - 600)
    late = headers | {"webhook-timestamp": old, "webhook-signature": sign(secret, "m1", old, body)}
    assert not names["is_genuine"](secret, late, body)
    forged = "v1," + base64.b64encode(b"x" * 32).decode()
    assert not names["is_genuine"](secret, headers | {"webhook-signature": forged}, body)


def test_sample_lines_of_the_formats_are_understood() -> None:
    """Each section of formats.md shows lines of its format."""
    sections = re.split(r"^## ", (REFERENCE / "formats.md").read_text(), flags=re.MULTILINE)[1:]
    prefix = "%m [%p] session=%c line=%l user=%u db=%d client=%h app=%a "
    hint_ns = 1_795_500_000 * 10**9
    shown = {}
    for section in sections:
        name = section.partition("\n")[0]
        lines = re.findall(r"```(?:text|json)\n(.*?)\n```", section, re.DOTALL)[0].splitlines()
        for line in lines:
            parsed = make_format(name, FormatSettings(prefix, year_hint_ns=hint_ns)).parse(line)
            assert parsed.understood and (parsed.ns is not None or name == "raw"), line
            shown.setdefault(name, parsed.attributes)
    assert set(shown) == set(FORMATS)
    assert shown["postgres"]["operation"] == shown["postgres_json"]["operation"] == "TRUNCATE"


# ---- links ----


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} points to {target}"
        assert not anchor or anchor in anchors(file), f"{page.name} points to {target}"
