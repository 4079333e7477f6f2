"""An access log line of JSON whose log_format is not known: what its keys mean, by the names that people give them.

Keys are compared without regard to case, to what separates their words, and to the objects they stand in. Used by
nginx_access.py; values come back under the names of nginx's variables.
"""

import re
from typing import Final

import orjson

from whodid.formats.nginx_variables import TIMES, VARIABLES, secret_kind

ANY_TIME: Final = "time"
"""An instant in whatever form."""
_NAMES: Final = {
    # variable: further names of it, best first
    "remote_addr": ("client", "client_ip", "clientip", "client_addr", "remote_ip", "remoteip", "ip", "src_ip",
                    "source_ip", "client_address", "remote", "remote_address"),
    "remote_user": ("user", "username", "auth_user", "user_name"),
    "request": ("request_line", "http_request"),
    "request_method": ("method", "verb", "http_method", "http_request_method"),
    "request_uri": ("uri", "path", "url", "request_path", "url_path", "url_original", "uri_path", "request_url"),
    "args": ("query", "query_string", "url_query"),
    "status": ("status_code", "response", "response_code", "response_status", "http_status", "code", "statuscode",
               "http_response_status_code"),
    "body_bytes_sent": ("bytes_sent", "bytes", "size", "body_bytes", "bytes_out", "response_size", "response_length"),
    "request_time": ("req_time", "reqtime", "response_time", "responsetime", "request_duration", "total_time"),
    "upstream_response_time": ("upstream_time", "upstreamtime", "upstream_resp_time", "backend_time", "apptime"),
    "upstream_addr": ("upstream", "upstreamaddr", "upstream_host", "backend", "upstream_address"),
    "http_referer": ("referer", "referrer", "http_referrer", "request_referer", "http_request_referrer"),
    "http_user_agent": ("user_agent", "useragent", "agent", "ua", "http_agent", "user_agent_original"),
    "http_x_forwarded_for": ("x_forwarded_for", "xff", "forwarded_for", "forwardedfor", "xforwardedfor",
                             "http_xff"),
    "http_x_real_ip": ("x_real_ip", "real_ip"),
    "http_forwarded": ("forwarded",),
    "request_id": ("x_request_id", "http_x_request_id", "req_id", "requestid", "trace_id", "correlation_id"),
    "host": ("http_host", "vhost", "virtual_host", "domain", "request_host", "site"),
    "server_name": ("server", "servername"),
    "scheme": ("request_scheme", "http_scheme", "proto"),
    "server_protocol": ("protocol", "http_version", "http_protocol"),
    "ssl_protocol": ("tls", "tls_version", "ssl", "tls_protocol"),
    "ssl_cipher": ("cipher", "tls_cipher"),
    "remote_port": ("client_port", "port", "remoteport"),
    "http_cookie": ("cookie", "cookies"),
    "http_authorization": ("authorization",),
    "time_iso8601": (),
    "time_local": (),
    "msec": (),
    ANY_TIME: ("ts", "timestamp", "@timestamp", "datetime", "date", "time_stamp", "timelocal", "time_iso"),
}  # fmt: skip
_RANKS: Final = {
    alias: (variable, rank) for variable, names in _NAMES.items() for rank, alias in enumerate((variable, *names))
}
_SEPARATORS: Final = re.compile(r"[^a-z0-9@]+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MOST_KEYS: Final = 200
_MOST_DEPTH: Final = 4
_TELLING: Final = frozenset(("remote_addr", "request", "request_uri", "status", "request_method"))
"""A line that names none of these is no access log's."""


def read_keys(record: str) -> dict[str, str]:
    """The values by variable; none where it is no JSON object, or no request that was answered."""
    try:
        tree: object = orjson.loads(record)
    except orjson.JSONDecodeError:
        return {}
    found: dict[str, tuple[int, str]] = {}
    if isinstance(tree, dict):
        _collect(tree, "", _MOST_DEPTH, found)
    values = {name: value for name, (_, value) in found.items()}
    return values if len(_TELLING & values.keys()) >= 2 else {}


def _collect(tree: dict[str, object], before: str, depth: int, found: dict[str, tuple[int, str]]) -> None:
    for key, value in list(tree.items())[:_MOST_KEYS]:
        name = _SEPARATORS.sub("_", _HUMP.sub("_", key).lower()).strip("_")
        if isinstance(value, dict) and depth:
            _collect(value, f"{before}{name}_", depth - 1, found)
            continue
        text = _text(value)
        variable, rank = _known(f"{before}{name}") or _known(name) or ("", 0)
        if text and variable and (variable not in found or rank < found[variable][0]):
            found[variable] = (rank, text)


def _known(name: str) -> tuple[str, int] | None:
    found = _RANKS.get(name)
    return found or ((name, 0) if name in VARIABLES or name in TIMES or secret_kind(name) else None)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
