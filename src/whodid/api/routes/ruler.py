"""Rules and alerts as Prometheus' API and Loki's ruler give them; Grafana's alerting pages ask for both.

`/prometheus/api/v1/rules` and `/alerts` tell the state, `/loki/api/v1/rules` the rules themselves as YAML, by file and
group. Rules come from files, so nothing is written here (405). Source: Grafana Loki's HTTP API, "Ruler".
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

import orjson
import yaml
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from whodid.api.services import services

_KINDS: Mapping[str, Literal["alert", "record"] | None] = {"": None, "alert": "alert", "record": "record"}


def _json(value: object, status: int = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(value) + b"\n", status, media_type="application/json")


async def alerts(request: Request) -> Response:
    """Alerts that are pending or firing."""
    return _json(services(request).alerts())


async def rules(request: Request) -> Response:
    """Rule groups with the state of each rule; `type`, `file[]`, `rule_group[]` and `rule_name[]` choose among them."""
    asked = request.query_params
    kind = asked.get("type", "").lower()
    if kind not in _KINDS:
        error = {
            "status": "error",
            "data": None,
            "errorType": "bad_data",
            "error": f'not supported value "{kind[:80]}"',
        }
        return _json(error, HTTPStatus.BAD_REQUEST)
    files, groups, names = (frozenset(asked.getlist(name)) for name in ("file[]", "rule_group[]", "rule_name[]"))
    return _json(services(request).rules(kind=_KINDS[kind], files=files, group_names=groups, rule_names=names))


async def rule_files(request: Request) -> Response:
    """All rules by file, those of one file, or one group (`…/rules/{file}/{group}`)."""
    known, path = services(request).rule_files(), request.path_params.get("path", "")
    if path in known:
        return _yaml({path: known[path]})
    file, _, name = path.rpartition("/")
    if file in known:
        found = next((group for group in known[file] if group["name"] == name), None)
        return _yaml(found) if found else PlainTextResponse("group does not exist\n", HTTPStatus.NOT_FOUND)
    if path or not known:
        return PlainTextResponse("no rule groups found\n", HTTPStatus.NOT_FOUND)
    return _yaml(known)


def _yaml(value: Any) -> Response:
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    return Response(text, media_type="application/yaml")
