"""The dashboard's own checks: types and accessibility warnings (svelte-check), unit tests (vitest)."""

from pathlib import Path
from types import ModuleType

import pytest

from kit.house import ROOT


@pytest.mark.parametrize("script", ["check", "test"])
def test_script(hatch_build: ModuleType, built: Path, script: str) -> None:
    node = hatch_build.find_node(hatch_build.CHECKOUT_NODE_MAJOR, wheel_first=True)
    hatch_build._run(node, ["run", script], ROOT / "web", f"npm run {script}")  # raises with npm's own words
