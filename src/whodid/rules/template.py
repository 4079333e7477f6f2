"""Expanding the templates of labels and annotations, with Prometheus' names and functions.

`{{ $labels.user }}`, `{{ .Labels.user }}`, `{{ $value | humanize }}`, `{{ if … }}…{{ end }}`. A template that cannot be
expanded yields the text `<error expanding template: …>`, as in Prometheus: a bad annotation must not silence an alert.
Reading is template_syntax.py's, functions are template_functions.py's. load.py calls check, judgement.py expand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from whodid.rules.go_format import show
from whodid.rules.template_functions import FUNCTIONS, UNSUPPORTED, path_of, truthy
from whodid.rules.template_syntax import Block, Call, Const, Node, Operand, Path, Pipe, TemplateError, Text, parse

MAX_OUTPUT_CHARS = 65_536
"""Attackers choose parts of the labels; an alert stays deliverable."""
_OF_THE_SERVER = ("externalURL", "pathPrefix")


@dataclass(frozen=True, slots=True)
class TemplateData:
    """What a template may speak of."""

    labels: Mapping[str, str]
    value: float
    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""


def check(text: str) -> str | None:
    """What is wrong with a template, None if nothing: syntax and names of functions."""
    try:
        nodes = _parsed(text)
        for name in _functions(nodes):
            if name not in FUNCTIONS and name not in UNSUPPORTED and name not in _OF_THE_SERVER:
                return f"not a valid template: function {name!r} not defined"
    except TemplateError as error:
        return f"not a valid template: {error}"
    return None


def expand(text: str, data: TemplateData) -> str:
    """The text with its actions carried out. Never raises for a fault of the template."""
    if "{{" not in text:
        return text
    try:
        return "".join(_Run(data).run(_parsed(text)))[:MAX_OUTPUT_CHARS]
    except TemplateError as error:
        return f"<error expanding template: {error}>"


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[Node, ...]:
    return parse(text)


class _Run:
    """One expansion: the variables, and dot as the blocks move it."""

    def __init__(self, data: TemplateData) -> None:
        labels, external = dict(data.labels), dict(data.external_labels)
        self.url = data.external_url
        self.root = {
            "Labels": labels,
            "Value": data.value,
            "ExternalLabels": external,
            "ExternalURL": data.external_url,
        }
        self.dot: Any = self.root
        self.variables: dict[str, Any] = {
            "$": self.root,
            "$labels": labels,
            "$value": data.value,
            "$externalLabels": external,
            "$externalURL": data.external_url,
        }

    def run(self, nodes: tuple[Node, ...]) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, Text):
                yield node.text
            elif isinstance(node, Block):
                yield from self._block(node)
            else:
                value = self._pipe(node)
                if node.variable is None:
                    yield show(value)

    def _block(self, block: Block) -> Iterator[str]:
        outer = dict(self.variables), self.dot
        value = self._pipe(block.pipe)
        if not truthy(value):
            yield from self.run(block.otherwise)
        elif block.kind == "range":
            if not isinstance(value, list | dict):
                raise TemplateError(f"range can't iterate over {show(value)}")
            for item in value if isinstance(value, list) else [value[key] for key in sorted(value)]:
                self.dot = item
                yield from self.run(block.body)
        else:
            self.dot = value if block.kind == "with" else self.dot
            yield from self.run(block.body)
        self.variables, self.dot = outer

    def _pipe(self, pipe: Pipe) -> Any:
        value = self._operand(pipe.commands[0])
        for command in pipe.commands[1:]:
            assert isinstance(command, Call)
            value = self._call(command, (value,))
        value = _walk(value, pipe.fields)
        if pipe.variable is not None:
            self.variables[pipe.variable] = value
        return value

    def _operand(self, operand: Operand) -> Any:
        match operand:
            case Const(value):
                return value
            case Path(variable, fields):
                if variable is not None and variable not in self.variables:
                    raise TemplateError(f"undefined variable {variable!r}")
                return _walk(self.dot if variable is None else self.variables[variable], fields)
            case Call():
                return self._call(operand, ())
            case Pipe():
                return self._pipe(operand)

    def _call(self, call: Call, last: tuple[Any, ...]) -> Any:
        arguments = [self._operand(argument) for argument in call.arguments] + list(last)
        if call.function in _OF_THE_SERVER and not arguments:
            return self.url if call.function == "externalURL" else path_of(self.url)
        function = FUNCTIONS.get(call.function)
        if function is None:
            raise TemplateError(f"function {call.function!r} is not supported")
        try:
            return function(*arguments)
        except TypeError:
            # The functions check their operands themselves; what is left is a wrong count or kind of arguments.
            raise TemplateError(f"wrong arguments for {call.function}: {', '.join(map(show, arguments))}") from None


def _walk(value: Any, fields: tuple[str, ...]) -> Any:
    for name in fields:
        if not isinstance(value, dict):
            raise TemplateError(f"can't evaluate field {name} of {show(value)}")
        if name not in value and "Labels" in value:
            raise TemplateError(f"can't evaluate field {name}: there are Labels, Value, ExternalLabels, ExternalURL")
        # A label that is absent is empty (Go's missingkey=zero).
        value = value.get(name, "")
    return value


def _functions(nodes: tuple[Node, ...] | tuple[Operand, ...]) -> Iterator[str]:
    for node in nodes:
        match node:
            case Block(_, pipe, body, otherwise):
                yield from _functions((pipe,))
                yield from _functions(body)
                yield from _functions(otherwise)
            case Pipe(commands):
                yield from _functions(commands)
            case Call(function, arguments):
                yield function
                yield from _functions(arguments)
            case _:
                pass
