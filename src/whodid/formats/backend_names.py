"""The names that application logs give to things, as keys of JSON and of `key=value` texts, and what each one means.

Conventions: python-json-logger, structlog, pino, Elastic Common Schema, OpenTelemetry's semantic conventions, logfmt.
Keys are compared without regard to case and to what separates their words. Used by the backend format.
"""

import re
from collections.abc import Mapping
from typing import Final

_NAMES: Final = {
    # attribute: keys, best first
    "level": ("level", "levelname", "severity", "log_level", "loglevel", "lvl", "severity_text", "record_level_name",
              "level_name"),
    "user": ("user_email", "useremail", "email", "user_mail", "usr_email", "enduser_email", "user_name", "username",
             "user", "usr", "usr_name", "login", "current_user", "auth_user", "actor", "principal", "account",
             "enduser_id", "usr_id", "user_id", "userid", "uid"),
    "request_id": ("request_id", "requestid", "x_request_id", "req_id", "reqid", "req_id", "http_request_id",
                   "correlation_id", "correlationid", "x_correlation_id", "trace_id", "traceid", "otel_trace_id",
                   "dd_trace_id", "transaction_id"),
    "method": ("method", "http_method", "request_method", "http_request_method", "req_method", "verb"),
    "path": ("path", "request_path", "url_path", "http_target", "req_path", "req_url", "request_uri", "uri", "url",
             "http_url", "url_full", "url_original", "request_url", "http_path"),
    "status": ("status_code", "statuscode", "http_status_code", "http_status", "http_response_status_code",
               "response_status", "response_status_code", "res_status_code", "res_statuscode", "response_code",
               "status", "code"),
    "client": ("client_ip", "clientip", "remote_addr", "remote_ip", "remoteip", "ip", "ip_address", "client_address",
               "req_remote_address", "source_ip", "net_peer_ip", "client", "remote_address", "peer"),
    "logger": ("logger", "logger_name", "loggername", "log_logger", "record_name", "name"),
    "message": ("message", "msg", "event", "record_message", "text", "body"),
    "exception": ("exc_type", "error_type", "err_type", "exception_type", "exception_class", "error_class"),
    "error": ("error_message", "err_message", "exception_message", "exc_value"),
    "pid": ("pid", "process_pid", "process_id", "process"),
    "db": ("db", "database"),
    "agent": ("user_agent", "useragent", "user_agent_original", "req_headers_user_agent", "http_user_agent"),
    "size": ("response_size", "bytes_sent", "http_response_body_bytes", "content_length", "size", "bytes"),
    "trace": ("exc_info", "exception", "traceback", "stack", "stack_trace", "stack_info", "error_stack_trace",
              "error_stack", "err_stack", "exception_stacktrace", "exc_text", "exception_traceback"),
    "time": ("timestamp", "@timestamp", "time", "ts", "asctime", "datetime", "date", "record_time_timestamp", "t",
             "created"),
    "duration_ms": ("duration_ms", "durationms", "elapsed_ms", "latency_ms", "response_time_ms", "responsetime",
                    "took_ms", "time_ms", "request_time_ms", "process_time_ms", "total_ms"),
    "duration_s": ("duration_s", "duration_seconds", "elapsed_s", "elapsed_seconds", "latency_s", "request_time",
                   "response_time_s", "duration_sec"),
    "duration_ns": ("event_duration", "duration_ns"),
    "duration": ("duration", "elapsed", "latency", "took", "response_time", "process_time", "total_time"),
    "query": ("query_string",),
}  # fmt: skip
NAMES: Final = {key: (attribute, rank) for attribute, keys in _NAMES.items() for rank, key in enumerate(keys)}
"""By key: the attribute it speaks of, and how much better others are."""
LEVELS: Final = ("TRACE", "DEBUG", "INFO", "NOTICE", "SUCCESS", "WARNING", "WARN", "ERROR", "CRITICAL", "FATAL",
                 "ALERT", "EMERGENCY", "EXCEPTION")  # fmt: skip
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PROPFIND", "QUERY")
_PINO: Final = {"10": "trace", "20": "debug", "30": "info", "40": "warn", "50": "error", "60": "fatal"}
_STATUS: Final = re.compile(r"[1-5][0-9]{2}", re.ASCII)
_ADDRESS: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:.%]*:[0-9A-Fa-f:.%]*", re.ASCII)
_DURATION: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s?(ns|us|µs|ms|s|sec|seconds|m)?", re.ASCII)
_IN_MS: Final = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3, "sec": 1e3, "seconds": 1e3, "m": 6e4}
_URL: Final = re.compile(r"[a-z]{2,6}://[^/?#\s]*(/\S*|\Z)")
_LONGEST: Final = {
    "user": 256,
    "request_id": 128,
    "logger": 256,
    "method": 32,
    "exception": 256,
    "pid": 20,
    "level": 32,
}
_LOGIN: Final = re.compile(
    r"(?:user[ ._-])?(?:login|sign[ _-]?in|logon)(?:[ ._-](?:ok|success|successful|succeeded))?(?: (?:for|by|of)\b.*)?"
    r"|(?:auth|user|session)[._](?:login|logged_in)|(?:user )?(?:\S+ )?logged in(?: successfully)?"
    r"|(?:login|sign-?in) (?:successful|succeeded)\b.*",
    re.IGNORECASE,
)
_LOGIN_FAILED: Final = re.compile(
    r"(?:user[ ._-])?(?:login|sign[ _-]?in|logon|authentication)[ ._-](?:failed|failure|rejected|denied)\b.*"
    r"|failed[ _-](?:login|logon|sign[ _-]?in)\b.*|(?:invalid|wrong|bad) (?:password|credentials)\b.*"
    r"|(?:auth|user|session)[._](?:login[._]failed|failed)",
    re.IGNORECASE | re.DOTALL,
)


def milliseconds(text: str, unit: str = "") -> str:
    """A duration in milliseconds; empty where it is none, or where nothing says in which unit it is."""
    match = _DURATION.fullmatch(text)
    told = (match.group(2) or unit) if match else ""
    if match is None or not told:
        return ""
    return f"{float(match.group(1)) * _IN_MS[told]:.6f}".rstrip("0").rstrip(".")


def put_values(values: Mapping[str, str], out: dict[str, str]) -> None:
    """Puts what the values say (by the names of this module) into `out`, if it has the shape that it must have."""
    for name, value in values.items():
        if not value or name in ("time", "trace", "query"):
            continue
        if name.startswith("duration"):
            in_ms = milliseconds(value, {"duration_ms": "ms", "duration_s": "s", "duration_ns": "ns"}.get(name, ""))
            if in_ms:
                out.setdefault("duration_ms", in_ms)
        elif _fits(name, value):
            out[name] = _shaped(name, value)
    if "method" in out and "path" in out:
        out["operation"] = out["method"]


def _fits(name: str, value: str) -> bool:
    if name == "status":
        return _STATUS.fullmatch(value) is not None
    if name == "client":
        return _ADDRESS.fullmatch(value) is not None
    if name == "method":
        return value.upper() in METHODS
    if name == "pid":
        return value.isascii() and value.isdigit() and len(value) <= _LONGEST["pid"]
    return len(value) <= _LONGEST.get(name, 1 << 20)


def _shaped(name: str, value: str) -> str:
    if name == "level":
        return _PINO.get(value, value)
    if name == "method":
        return value.upper()
    if name == "path":
        match = _URL.match(value)
        return (match.group(1) or "/") if match else value
    return value


def login_event(text: str) -> str:
    """The operation that a message or an event's name unmistakably is; empty for any other."""
    if len(text) > 300:
        return ""
    return "login_failed" if _LOGIN_FAILED.fullmatch(text) else "login" if _LOGIN.fullmatch(text) else ""
