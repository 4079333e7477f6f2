"""The documents speak of what is there: paths exist, commands are make targets, links lead somewhere."""

import re
from pathlib import Path

import pytest

from kit.house import ROOT

PAGES = sorted(
    [path for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "CHANGELOG") if (path := ROOT / f"{name}.md").exists()]
    + list((ROOT / "docs").rglob("*.md"))
)
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
TOP = ("src/", "tests/", "docs/", "web/", "tools/", "benchmarks/", ".ci/")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def paths(text: str) -> set[str]:
    """What stands in backticks and looks like a path of this repository."""
    quoted = re.findall(r"`([^`\n]+)`", text)
    return {word for word in quoted if word.startswith(TOP) and re.fullmatch(r"[\w./*-]+", word)}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_paths_in_backticks_exist(page: Path) -> None:
    missing = [name for name in sorted(paths(page.read_text())) if not any(ROOT.glob(name.rstrip("/")))]
    built = {"src/whodid/api/static"}  # made by `make web`
    assert [name for name in missing if name.rstrip("/") not in built] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_make_commands_are_targets(page: Path) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    told = set(re.findall(r"(?:^\$ |`)make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE))
    assert told - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_pages_are_found_and_name_paths() -> None:
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"} <= set(IDS)
    assert len(paths((ROOT / "ARCHITECTURE.md").read_text())) > 20
