"""Any question gets an answer: no 500, no hang, no exception, whatever stands in path, parameters and headers.

The routes are those of the application itself, so a new one is asked too.
"""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from kit.api_house import House
from whodid.api import app
from whodid.api.tenants import HEADER

PATIENCE_S = 60.0
NOT_ASKED = (
    *("/loki/api/v1/push", "/api/prom/push", "/otlp/v1/logs", "/webhooks/github", "/webhooks/deploy"),
    "/logs/{path:path}",
)
NAMES = (
    "query", "start", "end", "since", "step", "limit", "direction", "interval", "time", "match[]", "match", "regexp",
    "targetLabels", "aggregateBy", "line_limit", "field_limit", "targetBytesPerShard", "word", "format", "shards",
    "request_id", "max_interval",
)  # fmt: skip
QUERIES = (
    '{job="db"}',
    '{job=~".+"} | json | logfmt | level="info"',
    'sum by (job) (count_over_time({job="db"} |= "e" [5m]))',
    'topk(2, rate({job="db"} | json [1m])) / 2',
    'quantile_over_time(0.9, {job="db"} | json | unwrap n [5m])',
    '{job="db"} | line_format "{{.n}}" | pattern "<a> <_>"',
    "vector(1) > bool 0 or vector(0)",
    "{}",
    "1 / 0",
    '{job=~"(a+)+$"}',
    '{job="db"} |~ "(?i)[a-z]{1,500}"',
    "((((((((((1))))))))))",
)
NUMBERS = ("0", "-1", "1", "5000", "5001", "1e999", "NaN", "99999999999999999999", "0x10", "1.5", "١", " 1", "1_0", "")
INSTANTS = (
    "now",
    "2026-11-23T10:00:00Z",
    "0",
    "1700000000",
    "1700000000000000000",
    "-9223372036854775808",
    "9" * 40,
    "1e18",
)
SPANS = ("1ns", "1ms", "5m", "1y", "0", "-5s", "1e-9", "9" * 30 + "y", "5 m")
values = st.one_of(
    st.sampled_from((*QUERIES, *NUMBERS, *INSTANTS, *SPANS, "forward", "up", "labels", "text", "a,b,detected_level")),
    st.text(max_size=30),
)
likely = st.fixed_dictionaries(
    {},
    optional={
        "query": st.sampled_from(QUERIES),
        "start": st.sampled_from(INSTANTS),
        "end": st.sampled_from(INSTANTS),
        "step": st.sampled_from(SPANS),
        "limit": st.sampled_from(NUMBERS),
        "time": st.sampled_from(INSTANTS),
        "targetLabels": st.sampled_from(("job", "detected_level,job", ",,")),
        "targetBytesPerShard": st.sampled_from(NUMBERS),
    },
)
parameters = st.one_of(likely, st.dictionaries(st.sampled_from(NAMES), values, max_size=6))
plain = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
headers = st.fixed_dictionaries(
    {},
    optional={
        HEADER: st.one_of(st.sampled_from(("a|b", "whodid", "..", "x" * 151)), plain),
        "accept-encoding": st.one_of(st.just("gzip"), plain),
        "x-query-tags": st.one_of(st.just("Source=grafana-lokiexplore-app"), plain),
        "x-loki-response-encoding-flags": st.one_of(st.just("categorize-labels"), plain),
    },
)


def paths() -> list[str]:
    """Every route of the API that answers by HTTP, but the pushes."""
    found = (route.path for route in _routes() if isinstance(route, Route))
    return sorted({path for path in found if path not in NOT_ASKED})


def _routes() -> list[Any]:
    timed: Any = app.api_app(None, None)  # type: ignore[arg-type]
    return list(timed._app._app._app.routes)


def test_the_routes_are_found() -> None:
    assert {"/loki/api/v1/query_range", "/loki/api/v1/patterns", "/api/prom/label/{name}/values"} <= set(paths())


@pytest.mark.parametrize("path", paths())
@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
async def test_every_question_has_an_answer(house: House, path: str, data: st.DataObject) -> None:
    if not house.asked:  # once, though hypothesis comes here again and again
        house.asked.append((0, 0, ()))
        await house.store({"job": "db"}, '{"level": "info", "n": 7}', "level=warn n=x", "plain text 5", user="noa")
    asked, sent = data.draw(parameters, "parameters"), data.draw(headers, "headers")
    address = path.replace("{name}", quote(data.draw(st.text(min_size=1, max_size=10), "name"), safe=""))
    if data.draw(st.booleans(), "by POST"):
        work = house.client.post(address, data=asked, headers=sent)
    else:
        work = house.client.get(address, params=asked, headers=sent)
    answer = await asyncio.wait_for(work, PATIENCE_S)
    assert answer.status_code in (200, 204, 400, 403, 404, 405, 415), (answer.status_code, answer.text)
    assert answer.content or answer.status_code == 204 or path.endswith("/export")
