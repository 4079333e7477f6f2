"""What Loki adds to a stream on arrival: `service_name`, and the level that the stream's own labels state.

Behaviour: Grafana Loki 3.7 (service name discovery, detected_level). The level of a line is found by levels.py.
"""

from collections.abc import Mapping

from whodid.model.entry import Labels

SERVICE_NAME_LABELS = (
    "service",
    "app",
    "application",
    "app_name",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
)
LEVEL_FIELDS = (
    "level",
    "LEVEL",
    "Level",
    "log.level",
    "severity",
    "SEVERITY",
    "Severity",
    "SeverityText",
    "lvl",
    "LVL",
    "Lvl",
    "severity_text",
    "Severity_Text",
    "SEVERITY_TEXT",
)
"""The names under which a level is looked for, in order (Loki's `log_level_fields`)."""
LEVEL_NAMES = {
    "trace": "trace",
    "trc": "trace",
    "debug": "debug",
    "dbg": "debug",
    "info": "info",
    "inf": "info",
    "information": "info",
    "warn": "warn",
    "wrn": "warn",
    "warning": "warn",
    "error": "error",
    "err": "error",
    "critical": "critical",
    "fatal": "fatal",
}
"""The names that Loki knows, in a field or in a line's text."""
FIELD_LEVEL_NAMES = {
    **LEVEL_NAMES,
    # PostgreSQL's own severities, which Loki would pass through: a LOG line is not a level of its own.
    "log": "info",
    "notice": "info",
    "panic": "critical",
    # And syslog's.
    "informational": "info",
    "crit": "critical",
    "alert": "critical",
    "emerg": "critical",
    "emergency": "critical",
}
"""What a field may say besides."""


def with_service_name(labels: Mapping[str, str]) -> Labels:
    """The labels with `service_name`, from the first of Loki's candidates that is there, else `unknown_service`."""
    if "service_name" in labels:
        return dict(labels)
    found = next((labels[name] for name in SERVICE_NAME_LABELS if name in labels), "unknown_service")
    return {**labels, "service_name": found}


def level_of_labels(labels: Mapping[str, str]) -> str:
    """The level that a label states, normalised; empty if none does."""
    for name in ("detected_level", *LEVEL_FIELDS):
        if value := labels.get(name):
            return FIELD_LEVEL_NAMES.get(value.lower(), value)
    return ""
