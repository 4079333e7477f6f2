"""The build of the dashboard: when it builds, with what, and what it says when it cannot."""

from __future__ import annotations

import gzip
import json
import re
import stat
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
FIRST_VIEW_KB = 80


@pytest.fixture
def project(tmp_path: Path, hatch_build: ModuleType) -> Path:
    """A small project whose dashboard has been built."""
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    (web / "public").mkdir()
    for name in (
        "index.html",
        "package.json",
        "package-lock.json",
        "svelte.config.js",
        "tsconfig.json",
        "vite.config.ts",
    ):
        (web / name).write_text(name)
    (web / "src" / "main.ts").write_text("export {}")
    static = tmp_path / hatch_build.STATIC
    static.mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / hatch_build.STAMP).write_text(hatch_build.stamp_of(web))
    return tmp_path


def fake_node(folder: Path, npm: str) -> Path:
    """A `node` and an `npm` beside it, as shell scripts."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("node", "echo v24.1.0"), ("npm", npm)):
        script = folder / name
        script.write_text(f"#!/bin/sh\n{text}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder / "node"


def test_a_build_is_fresh_until_a_source_changes(project: Path, hatch_build: ModuleType) -> None:
    assert hatch_build.is_fresh(project)
    (project / "web" / "README.md").write_text("no source")
    assert hatch_build.is_fresh(project)
    (project / "web" / "src" / "new.ts").write_text("")
    assert not hatch_build.is_fresh(project)


def test_moving_text_between_files_changes_the_stamp(project: Path, hatch_build: ModuleType) -> None:
    web = project / "web"
    (web / "src" / "a").write_text("12")
    (web / "src" / "b").write_text("3")
    before = hatch_build.stamp_of(web)
    (web / "src" / "a").write_text("1")
    (web / "src" / "b").write_text("23")
    assert hatch_build.stamp_of(web) != before


def test_built_files_without_sources_are_right(project: Path, hatch_build: ModuleType) -> None:
    for path in sorted((project / "web").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert hatch_build.is_fresh(project)
    (project / hatch_build.STATIC / "index.html").unlink()
    assert not hatch_build.is_fresh(project)


def test_a_given_node_comes_first(tmp_path: Path, hatch_build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    node = fake_node(tmp_path / "bin", "true")
    monkeypatch.setenv("NODE", str(node))
    assert hatch_build.find_node(22, wheel_first=False) == hatch_build.Node(
        (str(tmp_path / "bin" / "npm"),), tmp_path / "bin", "$NODE"
    )


def test_a_given_node_that_is_none_is_an_error(hatch_build: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE", "/nowhere/node")
    with pytest.raises(hatch_build.DashboardBuildError, match=r"\$NODE is '/nowhere/node'"):
        hatch_build.find_node(22, wheel_first=False)


def test_a_system_node_that_is_too_old_will_not_do(
    tmp_path: Path, hatch_build: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_node(tmp_path, "true")
    monkeypatch.delenv("NODE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(hatch_build, "_node_from_wheel", lambda: None)
    assert hatch_build.find_node(24, wheel_first=False).source == "the system's node"
    with pytest.raises(hatch_build.DashboardBuildError, match=r"no Node\.js >= 25 found.*WHODID_SKIP_UI=1"):
        hatch_build.find_node(25, wheel_first=False)


def test_an_unreachable_registry_is_named_with_ways_on(
    project: Path, tmp_path: Path, hatch_build: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE", str(fake_node(tmp_path / "bin", "echo 'npm error code ENOTFOUND'; exit 1")))
    with pytest.raises(hatch_build.DashboardBuildError) as caught:
        hatch_build.build(project, hatch_build.find_node(22, wheel_first=False), tools=False)
    assert "`npm ci` failed" in str(caught.value)
    assert "registry cannot be reached" in str(caught.value)
    assert "WHODID_SKIP_UI=1" in str(caught.value)
    assert (project / hatch_build.STATIC / "index.html").exists(), "what was there before must stay"


def test_a_build_leaves_a_stamp(
    project: Path, tmp_path: Path, hatch_build: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "calls"
    monkeypatch.setenv("NODE", str(fake_node(tmp_path / "bin", f'mkdir -p node_modules; echo "$@" >> {log}')))
    (project / "web" / "src" / "main.ts").write_text("changed")
    node = hatch_build.find_node(22, wheel_first=False)
    hatch_build.build(project, node, tools=False)
    assert hatch_build.is_fresh(project)
    hatch_build.build(project, node, tools=False)
    hatch_build.build(project, node, tools=True)
    commands = [
        line.split()[0] + (" tools" if "--omit=dev" not in line else "") for line in log.read_text().splitlines()
    ]
    assert commands == ["ci", "exec tools", "exec tools", "ci tools", "exec tools"]


def test_the_first_view_is_small(built: Path) -> None:
    scripts = list(built.rglob("*.js"))
    assert scripts
    assert sum(len(gzip.compress(path.read_bytes())) for path in scripts) <= FIRST_VIEW_KB * 1000


def test_the_page_names_no_absolute_address(built: Path) -> None:
    page = (built / "index.html").read_text()
    assert re.findall(r'(?:src|href)="(?!\./)', page) == []
    assert "http" not in page.replace("http-equiv", "")


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
