"""Acceptance tests run real processes, one after the other on the same worker: they measure, and two cores are few."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.processes import Installation


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "acceptance" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("acceptance"))


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Makes installations that are ended with the test."""
    made: list[Installation] = []

    def make(**values: Any) -> Installation:
        installation = Installation(tmp_path, **values)
        made.append(installation)
        return installation

    yield make
    for installation in made:
        installation.stop()
