"""Lists of targets in files: read again when they change, kept when they break."""

import logging
from pathlib import Path

import pytest

from whodid.sources.file_sd import LOOK_EVERY_S, FileSd, FileSdSettings

LATER = 2 * LOOK_EVERY_S


def paths(found: FileSd, now_s: float) -> list[str]:
    return [target["__path__"] for target in found.look(now_s)]


def yaml_of(*names: str) -> str:
    return "".join(f"- targets: [localhost]\n  labels: {{__path__: {name}, port: 80}}\n" for name in names) or "[]"


def test_json_and_yaml_with_globs(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '[{"targets": ["one", "two"], "labels": {"__path__": "/a", "job": "x"}}, {"targets": [], "labels": {}}]'
    )
    (tmp_path / "b.yml").write_text(yaml_of("/b"))
    (tmp_path / "c.txt").write_text(yaml_of("/c"))
    found = FileSd(FileSdSettings((str(tmp_path / "*.json"), str(tmp_path / "b.yml"), str(tmp_path / "none.yaml"))))
    first, second, third = found.look(0)
    assert first == {
        "__path__": "/a", "job": "x", "__address__": "one", "__meta_filepath": str(tmp_path / "a.json")
    }  # fmt: skip
    assert second["__address__"] == "two"
    assert (third["__path__"], third["port"]) == ("/b", "80")
    assert found.look(LATER) is found.look(2 * LATER)


def test_targets_come_and_go(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    found = FileSd(FileSdSettings((str(file),)))
    assert paths(found, 0) == []
    file.write_text(yaml_of("/a"))
    assert paths(found, LATER) == ["/a"]
    file.write_text(yaml_of("/a", "/b"))
    assert paths(found, LATER + 0.5) == ["/a", "/b"][:1]  # not looked at more often than that
    assert paths(found, 2 * LATER) == ["/a", "/b"]
    file.write_text("")
    assert paths(found, 3 * LATER) == []
    file.write_text(yaml_of("/c"))
    assert paths(found, 4 * LATER) == ["/c"]
    file.unlink()
    assert paths(found, 5 * LATER) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- targets: [localhost\n", "not valid YAML"),
        ("targets: [localhost]\n", "must be a list of groups"),
        ("- {targets: [a], label: {}}\n", "unknown key 'label'"),
        ("- {targets: a}\n", "targets must be a list"),
        ("\udcff", "utf-8"),
    ],
)
def test_a_broken_file_keeps_what_it_named_last(
    tmp_path: Path, text: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "a.yml"
    file.write_text(yaml_of("/a"))
    found = FileSd(FileSdSettings((str(file),), refresh_interval_ns=10**9))
    assert paths(found, 0) == ["/a"]
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    for now_s in (LATER, 2 * LATER, 3 * LATER):
        assert paths(found, now_s) == ["/a"]
    (message,) = caplog.messages
    assert says in message
    assert f"{file} cannot be read as a list of targets" in message
    file.write_text(yaml_of("/b"))
    assert paths(found, 4 * LATER) == ["/b"]
    assert caplog.messages[1:] == [f"{file} can be read again"]


@pytest.mark.parametrize("text", ['[{"targets": ["a"], "tags": {}}]', '{"targets": []}', "[", '[{"targets": [1]}]'])
def test_broken_json(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.json").write_text(text)
    assert paths(FileSd(FileSdSettings((str(tmp_path / "a.json"),))), 0) == []
    assert len(caplog.messages) == 1


def test_a_file_that_is_half_written_at_the_first_look_is_read_later(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('[{"targets": ["a"], "labels": {"__path__"')
    found = FileSd(FileSdSettings((str(file),)))
    assert paths(found, 0) == []
    file.write_text('[{"targets": ["a"], "labels": {"__path__": "/a"}}]')
    assert paths(found, LATER) == ["/a"]


@pytest.mark.parametrize("name", ["/etc/targets", "/etc/*/a.yml", "/etc/a.yml.bak"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(ValueError, match=r"must end with \.json"):
        FileSdSettings((name,))


def test_no_file_at_all() -> None:
    with pytest.raises(ValueError, match="name at least one"):
        FileSdSettings(())
