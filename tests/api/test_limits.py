"""Limits told to clients, and kept: length, matchers, series in part, memory and time of one query, over HTTP."""

import time
from pathlib import Path

import pytest
import yaml

from kit.api_house import QUERY_RANGE, House, open_house
from whodid.model.clock import SECOND
from whodid.query.limits import Limits


async def test_drilldown_and_yaml_say_the_same(house: House) -> None:
    body = (await house.client.get("/loki/api/v1/drilldown-limits")).json()
    assert body["pattern_ingester_enabled"] is True
    assert body["limits"]["max_query_series"] == 500
    assert body["limits"]["query_timeout"] == "1m"
    assert body["limits"]["volume_enabled"] is True
    answer = await house.client.get("/config/tenant/v1/limits")
    assert yaml.safe_load(answer.text) == body["limits"]


async def test_lengths_and_matchers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(max_length_ns=3600 * SECOND, max_matchers=2)
    async with open_house(tmp_path, monkeypatch, limits) as house:
        words = "the query time range exceeds the limit (query length: 2h0m0s, limit: 1h)"
        for path in ("query_range", "index/volume", "patterns"):
            asked = {"query": '{job="a"}', "start": "0", "end": "7200"}
            answer = await house.client.get(f"/loki/api/v1/{path}", params=asked)
            assert (answer.status_code, answer.text) == (400, words)
        answer = await house.client.get(QUERY_RANGE, params={"query": '{a="b", c="d", e="f"}'})
        assert answer.text == "max streams matchers per query exceeded, matchers-count > limit (3 > 2)"


async def test_drilldown_takes_a_part_of_too_many_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(tmp_path, monkeypatch, Limits(max_series=2)) as house:
        for host in "abc":
            await house.store({"job": "db", "host": host}, "x")
        now = int(time.time())
        asked = {"query": 'count_over_time({job="db"}[5m])', "start": str(now - 60), "end": str(now + 60), "step": "60"}
        answer = await house.client.get(QUERY_RANGE, params=asked)
        assert answer.text.startswith("maximum number of series (2) reached for a single query; consider reducing")
        tags = {"X-Query-Tags": "Source=grafana-lokiexplore-app,User=noa"}
        body = (await house.client.get(QUERY_RANGE, params=asked, headers=tags)).json()
        assert len(body["data"]["result"]) == 2
        assert body["warnings"] == [
            "maximum number of series (2) reached for a single query; returning partial results"
        ]


async def test_a_query_beyond_its_memory_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(tmp_path, monkeypatch, Limits(memory_bytes=16 << 20)) as house:
        # More than the engine reads at a time (10 MB), should both streams come into one part.
        await house.store({"job": "db"}, *("x" * 60_000 + str(n) for n in range(400)))
        await house.store({"job": "small"}, "x")
        answer = await house.client.get(QUERY_RANGE, params={"query": '{job="db"}', "limit": "5000"})
        assert (answer.status_code, "needs more than 16 MiB of memory" in answer.text) == (400, True), answer.text[:200]
        # The server lives, and so do small questions.
        assert len(await house.lines('{job="small"}')) == 1
        assert (await house.client.get("/ready")).status_code == 200


async def test_a_query_beyond_its_time_is_a_504(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(tmp_path, monkeypatch, Limits(timeout_s=0.000001)) as house:
        await house.store({"job": "db"}, "x")
        for path in ("query_range", "index/stats", "patterns"):
            answer = await house.client.get(f"/loki/api/v1/{path}", params={"query": '{job="db"}'})
            assert answer.status_code == 504
            assert answer.text.startswith("request timed out, decrease the duration of the request")


async def test_the_configuration_is_the_limits_under_loki_s_name(house: House) -> None:
    limits = yaml.safe_load((await house.client.get("/config/tenant/v1/limits")).text)
    assert yaml.safe_load((await house.client.get("/config?mode=diff")).text) == {"limits_config": limits}
