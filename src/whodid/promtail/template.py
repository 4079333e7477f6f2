"""The templates of the stages `template` and `replace`: Go's text/template over the extracted values as texts.

In `template` a name that is missing is nil (`<no value>`, and an error where a function wants a text), in `replace` it
is empty. The language is templates/, the functions are template_functions.py.
"""

from collections.abc import Mapping

from whodid.promtail.go_values import as_text
from whodid.promtail.template_functions import FUNCTIONS
from whodid.templates.program import Program, compiled

_NAME = "pipeline_template"


def program(text: str) -> Program:
    """The template, ready to run. Raises TemplateError."""
    return compiled(text, _NAME, FUNCTIONS)


def texts(extracted: Mapping[str, object]) -> dict[str, str]:
    """The extracted values that have a text."""
    return {name: text for name, value in extracted.items() if (text := as_text(value)) is not None}
