"""The build script as a module, and the dashboard it builds."""

from __future__ import annotations

import fcntl
import importlib.util
import tempfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def hatch_build() -> ModuleType:
    """The build script at the root, loaded as hatchling loads it."""
    spec = importlib.util.spec_from_file_location("hatch_build_under_test", ROOT / "hatch_build.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def built(hatch_build: ModuleType) -> Path:
    """The static files, built anew when the sources changed; workers of one run take turns."""
    with (Path(tempfile.gettempdir()) / "whodid-dashboard-build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert hatch_build.main() == 0, "the dashboard did not build; the reason stands above"
    return ROOT / hatch_build.STATIC
