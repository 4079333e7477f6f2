"""Lines that real daemons write: rsyslog's three templates, and logger(1) playing sshd. Others: samples/*.log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.daemons import Island, raise_island, why_not
from kit.processes import wait_until
from whodid.formats import FormatSettings, Parsed, make_format

NOW_NS = 1_795_424_400 * 10**9
TEMPLATES = ("RSYSLOG_TraditionalFileFormat", "RSYSLOG_FileFormat", "RSYSLOG_SyslogProtocol23Format")
LOGIN = "Accepted password for root from 203.0.113.9 port 50999 ssh2"


@pytest.fixture(scope="module")
def island() -> Iterator[Island]:
    if reason := why_not():
        pytest.skip(reason)
    with raise_island() as island:
        rules = "".join(
            f'*.* action(type="omfile" file="{island.directory}/{name}" template="{name}")\n' for name in TEMPLATES
        )
        config = island.directory / "rsyslog.conf"
        config.write_text('module(load="imuxsock" SysSock.RateLimit.Interval="0")\n' + rules)
        island.start(["rsyslogd", "-n", "-f", str(config), "-i", f"{island.directory}/pid"], "rsyslogd.out")
        wait_until(lambda: island.has("/dev/log"), "rsyslogd listens on /dev/log")
        island.run(["logger", "-i", "-t", "basket", "-p", "local4.warning", "order 17: paid"])
        island.run(["logger", "-t", "sshd", "-p", "auth.info", LOGIN])
        island.run(["logger", "-t", "sshd[4711]", "-p", "user.info", LOGIN])
        island.run(["logger", "-t", "end", "end"])
        last = island.directory / TEMPLATES[-1]
        wait_until(lambda: last.exists() and "end" in last.read_text().splitlines()[-1], "rsyslogd wrote the last line")
        yield island


def read(island: Island, template: str, program: str) -> list[Parsed]:
    log = make_format("syslog", FormatSettings(year_hint_ns=NOW_NS))
    lines = (Path(island.directory) / template).read_text().splitlines()
    said = [log.parse(line) for line in lines]
    assert all(one.understood and one.ns and one.attributes["hostname"] for one in said if "logger" not in one.line)
    return [one for one in said if one.attributes.get("program") == program]


@pytest.mark.parametrize("template", TEMPLATES)
def test_rsyslogs_templates(island: Island, template: str) -> None:
    (said,) = read(island, template, "basket")
    assert said.attributes["message"] == "order 17: paid"
    assert said.attributes["pid"].isdecimal()
    if template == TEMPLATES[2]:
        assert (said.attributes["facility"], said.attributes["severity"]) == ("local4", "warning")


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_betrays_logger(island: Island, template: str) -> None:
    """No process id betrays it everywhere, the facility only where the line has it; else nothing (docs: hosts.md)."""
    nameless, numbered = read(island, template, "sshd")
    assert nameless.attributes["operation"] == numbered.attributes["operation"] == "login"
    assert nameless.attributes["trust"] == "suspect"
    assert ("trust" in numbered.attributes) is (template == TEMPLATES[2])
