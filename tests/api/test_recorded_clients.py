"""Bodies in the shapes that promtail, Alloy, Vector and Fluent Bit send (cases/clients.yaml): stored whole."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.api_house import PUSH, QUERY_RANGE, House, open_house
from whodid.api.tenants import HEADER as TENANT
from whodid.ingest.limits import Limits

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "clients.yaml").read_text())
FROM_NS, TO_NS = 1_699_999_999 * 10**9, 1_700_000_100 * 10**9


@pytest.fixture
async def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house that takes old lines."""
    async with open_house(tmp_path, monkeypatch, ingest=Limits(reject_older_ns=1 << 62)) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=[case["client"] for case in CASES])
async def test_what_clients_send_is_stored(patient: House, case: dict[str, Any]) -> None:
    body = case["text"].encode() if "text" in case else base64.b64decode(case["body"].replace(" ", ""))
    answer = await patient.client.post(PUSH, content=body, headers=case["headers"])
    assert (answer.status_code, answer.text) == (204, "")
    total = 0
    for selector, ns, line, metadata in case["stored"]:
        asked = {"query": selector, "start": str(FROM_NS), "end": str(TO_NS), "limit": "100"}
        headers = {"x-loki-response-encoding-flags": "categorize-labels", TENANT: case["headers"].get(TENANT, "")}
        found = (await patient.client.get(QUERY_RANGE, params=asked, headers=headers)).json()["data"]["result"]
        values = [tuple(value[:2]) for stream in found for value in stream["values"]]
        assert (str(ns), line) in values
        [categories] = [value[2] for stream in found for value in stream["values"] if value[0] == str(ns)]
        stated = categories.get("structuredMetadata", {})
        assert {name: stated.get(name) for name in metadata} == metadata
        total += 1
    assert patient.services.ingest.totals.lines == total
