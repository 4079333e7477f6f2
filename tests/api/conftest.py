"""Fixtures of the API's tests: a house of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kit.api_house import House, open_house


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with open_house(tmp_path, monkeypatch) as opened:
        yield opened
