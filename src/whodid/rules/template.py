"""Expanding the templates of labels and annotations, with Prometheus' names and functions.

`{{ $labels.user }}`, `{{ .Labels.user }}`, `{{ $value | humanize }}`, `{{ if … }}…{{ end }}`. A template that cannot be
expanded yields the text `<error expanding template: …>`, as in Prometheus: a bad annotation must not silence an alert.
The language is templates/, Prometheus' functions are template_functions.py. load.py calls check, judgement.py expand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from whodid.rules.template_functions import FUNCTIONS
from whodid.templates.errors import TemplateError
from whodid.templates.program import Program, compiled
from whodid.templates.values import StringMap, Struct

MAX_OUTPUT_CHARS = 65_536
"""Attackers choose parts of the labels; an alert stays deliverable."""
_NAME = "alert"
_VARIABLES = ("$labels", "$value", "$externalLabels", "$externalURL")


class _Alert(Struct):
    type_name = "struct { Labels, Value, ExternalLabels, ExternalURL }"


@dataclass(frozen=True, slots=True)
class TemplateData:
    """What a template may speak of."""

    labels: Mapping[str, str]
    value: float
    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""


def check(text: str) -> str | None:
    """What is wrong with a template, None if nothing: syntax, names of functions and variables."""
    try:
        _program(text)
    except TemplateError as error:
        return f"not a valid {error}"
    return None


def expand(text: str, data: TemplateData) -> str:
    """The text with its actions carried out. Never raises for a fault of the template."""
    if "{{" not in text:
        return text
    labels, external = StringMap(data.labels), StringMap(data.external_labels)
    values = (labels, data.value, external, data.external_url)
    names = ("Labels", "Value", "ExternalLabels", "ExternalURL")
    try:
        return _program(text).run(_Alert(zip(names, values, strict=True)), data.external_url, values)[:MAX_OUTPUT_CHARS]
    except TemplateError as error:
        return f"<error expanding template: {error}>"


@lru_cache(maxsize=1024)
def _program(text: str) -> Program:
    return compiled(text, _NAME, FUNCTIONS, _VARIABLES)
