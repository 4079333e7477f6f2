"""GET /loki/api/v1/drilldown-limits and /config/tenant/v1/limits: what a query may ask for, under Loki's names.

Logs Drilldown clamps its time picker by it and asks for patterns only if they are there. What whodid does not limit is
told as Loki tells it: nothing, `0s` or `0B`.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from whodid.api.routes.answers import json_answer
from whodid.api.services import LOKI_VERSION, Services, services
from whodid.ingest.enrich import LEVEL_FIELDS, SERVICE_NAME_LABELS
from whodid.model.clock import SECOND, format_duration
from whodid.wire.explore import encode_plain


async def drilldown_limits(request: Request) -> Response:
    """Limits and abilities, as Logs Drilldown asks for them."""
    body = {"limits": _limits(services(request)), "pattern_ingester_enabled": True, "version": LOKI_VERSION}
    return await json_answer(request, encode_plain(body))


async def tenant_limits(request: Request) -> Response:
    """The same limits as YAML."""
    lines = [f"{name}: {_yaml(value)}" for name, value in _limits(services(request)).items()]
    return PlainTextResponse("\n".join(lines) + "\n")


async def configuration(request: Request) -> Response:
    """/config: of Loki's configuration, the part that whodid has."""
    lines = [f"  {name}: {_yaml(value)}" for name, value in _limits(services(request)).items()]
    return PlainTextResponse("limits_config:\n" + "\n".join(lines) + "\n")


def _limits(house: Services) -> dict[str, Any]:
    limits = house.engine.limits
    return {
        "discover_log_levels": True,
        "discover_service_name": list(SERVICE_NAME_LABELS),
        "log_level_fields": list(LEVEL_FIELDS),
        "max_entries_limit_per_query": limits.max_entries,
        "max_line_size_truncate": False,
        "max_query_bytes_read": "0B",
        "max_query_length": format_duration(limits.max_length_ns),
        "max_query_lookback": "0s",
        "max_query_range": "0s",
        "max_query_series": limits.max_series,
        "max_streams_matchers_per_query": limits.max_matchers,
        "metric_aggregation_enabled": False,
        "otlp_config": {},
        "pattern_persistence_enabled": False,
        "query_timeout": format_duration(round(limits.timeout_s * SECOND)),
        "retention_period": format_duration(house.retention_ns),
        "retention_stream": [],
        "volume_enabled": True,
        "volume_max_series": limits.max_volume_series,
    }


def _yaml(value: Any) -> str:
    """A flat value; texts here are names and durations, which YAML reads as texts without quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(value) + "]"
    return "{}" if value == {} else str(value)
