"""nginx's variables as they stand in an access log: the shape of each one's value, and the attribute it gives.

What the server itself writes (numbers, addresses, instants) has a shape that no client can change; everything else is
free text. A variable that is not listed is free text too, and keeps its own name. Source: nginx's "Alphabetical index
of variables" and the manuals of the modules that define them. Used by nginx_format.py and nginx_access.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_NUMBER = r"-?[0-9]*+"
_DECIMAL = r"-?[0-9]*+(?:\.[0-9]*+)?+"
# Several upstreams that were tried stand behind commas, groups of them behind colons.
_DECIMALS = rf"{_DECIMAL}(?:(?:, | : ){_DECIMAL})*+"
_ADDRESS = r"[\w.:%/-]*+"
_ADDRESSES = r"[\w.:%/@\[\]-]*+(?:(?:, | : )[\w.:%/@\[\]-]*+)*+"
_WORD = r"[\w.+:-]*+"
LOCAL_TIME: Final = r"[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}"
ISO_TIME: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable."""

    attribute: str
    """The name its value gets; empty: it is read in a way of its own, or not kept."""
    pattern: str = ""
    """Shape of its value; empty: free text."""
    convert: Callable[[str], str] | None = None


def milliseconds(text: str) -> str:
    """Seconds as nginx writes them (`0.015`, or `0.010, 0.005 : -` of several upstreams) as milliseconds in all."""
    total, found = 0, False
    for part in text.replace(" : ", ", ").split(", "):
        whole, _, fraction = part.partition(".")
        if whole.isascii() and whole.isdigit() and len(whole) < 15:
            total += int(whole) * 1000 + int(fraction[:3].ljust(3, "0") if fraction[:3].isdecimal() else "0")
            found = True
    return str(total) if found else ""


def last(text: str) -> str:
    """Of several upstreams the one that answered."""
    return next((part for part in reversed(text.replace(" : ", ", ").split(", ")) if part not in ("", "-")), "")


TIMES: Final = {"time_local": LOCAL_TIME, "time_iso8601": ISO_TIME, "msec": r"[0-9]{1,12}\.[0-9]{3}"}
"""Variables that say when."""
FORWARDED: Final = ("http_x_forwarded_for", "http_forwarded", "http_x_real_ip", "proxy_protocol_addr")
"""Variables that may name the client that a proxy speaks for, best first."""

_KEPT: Final = {
    # attribute: the variables, best first, and their shape
    "client": (("remote_addr",), _ADDRESS),
    "port": (("remote_port",), _NUMBER),
    "user": (("remote_user",), ""),
    "status": (("status",), _NUMBER),
    "size": (("body_bytes_sent", "bytes_sent"), _NUMBER),
    "referer": (("http_referer",), ""),
    "agent": (("http_user_agent",), ""),
    "method": (("request_method",), r"[\w-]*+"),
    "path": (("request_uri", "uri", "document_uri"), ""),
    "request_id": (("request_id",), r"[0-9A-Fa-f-]*+"),
    "http_host": (("host", "http_host"), r"[^\s\"/,]*+"),
    "server": (("server_name",), r"[^\s\",]*+"),
    "scheme": (("scheme",), r"[a-z-]*+"),
    "protocol": (("server_protocol",), r"[\w./-]*+"),
    "tls": (("ssl_protocol",), _WORD),
    "cipher": (("ssl_cipher",), _WORD),
    "identity": (("ssl_client_s_dn",), ""),
    "upstream": (("upstream_addr",), _ADDRESSES),
    "connection": (("connection",), _NUMBER),
    "pid": (("pid",), _NUMBER),
    "hostname": (("hostname",), r"[\w.-]*+"),
    "bytes_in": (("request_length",), _NUMBER),
}
_SHAPED: Final = {
    _NUMBER: ("connection_requests", "server_port", "proxy_protocol_port", "proxy_protocol_server_port",
              "content_length", "tcpinfo_rtt", "tcpinfo_rttvar", "tcpinfo_snd_cwnd", "tcpinfo_rcv_space"),
    _DECIMAL: ("gzip_ratio", "connection_time"),
    _DECIMALS: ("upstream_connect_time", "upstream_header_time", "upstream_queue_time", "upstream_response_length",
                "upstream_bytes_received", "upstream_bytes_sent"),
    _ADDRESS: ("server_addr", "realip_remote_addr", "realip_remote_port", "proxy_protocol_server_addr"),
    _WORD: ("upstream_cache_status", "limit_req_status", "limit_conn_status", "nginx_version", "request_completion",
             "http2", "http3", "https", "pipe", "ssl_session_reused", "ssl_early_data"),
}  # fmt: skip
VARIABLES: Final[dict[str, Variable]] = {
    **{name: Variable(name, pattern) for pattern, names in _SHAPED.items() for name in names},
    **{name: Variable(attribute, pattern) for attribute, (names, pattern) in _KEPT.items() for name in names},
    **{name: Variable("", pattern) for name, pattern in TIMES.items()},
    "request": Variable(""),
    "args": Variable(""),
    "query_string": Variable(""),
    "realip_remote_addr": Variable("", _ADDRESS),
    "http_x_request_id": Variable("request_id"),
    "http_x_correlation_id": Variable("request_id"),
    "request_time": Variable("duration_ms", _DECIMAL, milliseconds),
    "upstream_response_time": Variable("upstream_ms", _DECIMALS, milliseconds),
    "upstream_status": Variable("upstream_status", _DECIMALS, last),
    **{name: Variable("") for name in FORWARDED},
}
"""Those that are known, each with what it gives."""
PREFERENCE: Final = {name: at for names, _ in _KEPT.values() for at, name in enumerate(names)}
"""Of variables that give the same attribute the lower one wins."""

_SECRETS: Final = {
    **dict.fromkeys(("http_cookie", "sent_http_set_cookie", "upstream_http_set_cookie"), "cookie"),
    **dict.fromkeys(("http_authorization", "http_proxy_authorization", "sent_http_authorization"), "authorization"),
    **dict.fromkeys(("http_x_api_key", "http_api_key", "http_apikey", "http_x_auth_token", "http_x_access_token",
                     "http_x_csrf_token", "http_x_amz_security_token", "http_x_vault_token"), "token"),
    "request_body": "request_body",
}  # fmt: skip
HEADERS: Final = {
    "http_cookie": "Cookie: ",
    "sent_http_set_cookie": "Set-Cookie: ",
    "upstream_http_set_cookie": "Set-Cookie: ",
    "http_authorization": "Authorization: ",
    "http_proxy_authorization": "Proxy-Authorization: ",
    "sent_http_authorization": "Authorization: ",
}
"""Secrets of which a part may be shown: the names of cookies, the scheme of credentials."""
_OURS: Final = frozenset(("trust", "trust_why", "person", "operation", "outcome", "timestamp", "detected_level"))


def secret_kind(name: str) -> str:
    """What kind of secret the value is: something to log in with, or a whole body. Empty: it is none."""
    return "cookie" if name.startswith(("cookie_", "upstream_cookie_")) else _SECRETS.get(name, "")


def variable(name: str) -> Variable:
    """What is known of a variable."""
    if secret_kind(name):
        return Variable("")
    # Whoever writes `map … $person` must not be able to say what only whodid may say.
    return VARIABLES.get(name) or Variable("" if name in _OURS else name)
