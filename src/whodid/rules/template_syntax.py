"""The syntax of Go's text/template, as far as rule files use it: text to a tree of frozen nodes.

Actions: pipelines of calls, fields, variables and literals; if / else if / else, with, range, `$x :=`, comments and the
trim marks `{{-` `-}}`. define, template and block are refused. Meaning is template.py's. Source: Go's text/template.
"""

import ast
import re
from dataclasses import dataclass
from typing import Literal

from whodid.errors import WhodidError


class TemplateError(WhodidError):
    """A template cannot be read or expanded; the text says why."""


@dataclass(frozen=True, slots=True)
class Const:
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Path:
    """`.a.b`, `$x.a`: fields of dot (variable None) or of a variable (`$` is the root)."""

    variable: str | None
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple["Operand", ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Each command gets the one before as its last argument; the result may be kept in a variable."""

    commands: tuple["Operand", ...]
    variable: str | None = None
    fields: tuple[str, ...] = ()
    """Of a pipeline in brackets: `(…).a`."""


Operand = Const | Path | Call | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    kind: Literal["if", "with", "range"]
    pipe: Pipe
    body: tuple["Node", ...]
    otherwise: tuple["Node", ...]


Node = Text | Pipe | Block

_ACTION = re.compile(r'\{\{(-(?=\s))?((?:[^"`}]|"(?:\\.|[^"\\])*"|`[^`]*`|\}(?!\}))*?)((?<=\s)-)?\}\}')
_COMMENT = re.compile(r"\{\{(-\s)?\s*/\*.*?\*/\s*(\s-)?\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>"(?:\\.|[^"\\])*"|`[^`]*`)|(?P<number>[-+]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+))
    |(?P<path>(?:\$\w*|\.(?=\w))(?:\.?\w+(?:\.\w+)*)?|\$|\.)|(?P<assign>:=|=)|(?P<pipe>\|)|(?P<open>\()
    |(?P<close>\)(?:\.\w+)*)|(?P<comma>,)|(?P<word>\w+)""",
    re.VERBOSE,
)
_CONSTANTS = {"true": True, "false": False, "nil": None}


def parse(text: str) -> tuple[Node, ...]:
    """The tree of a template. Raises TemplateError."""
    pieces = _pieces(text)
    nodes, stop, _ = _body(pieces)
    if stop:
        raise TemplateError(f"unexpected {{{{{stop}}}}}")
    return nodes


def _pieces(text: str) -> list[Text | str]:
    """Texts and, as plain strings, the insides of actions; in reverse, so that pop() reads forward."""
    text = _COMMENT.sub(
        lambda m: '{{- "" -}}' if m[1] and m[2] else '{{- ""}}' if m[1] else '{{"" -}}' if m[2] else "", text
    )
    out: list[Text | str] = []
    at, trim = 0, False
    for match in _ACTION.finditer(text):
        plain = text[at : match.start()]
        plain = plain.lstrip() if trim else plain
        out += [Text(plain.rstrip() if match[1] else plain), match[2].strip()]
        at, trim = match.end(), bool(match[3])
    rest = text[at:].lstrip() if trim else text[at:]
    if "{{" in rest:
        raise TemplateError("unclosed action: '{{' without its '}}'")
    out.append(Text(rest))
    return [piece for piece in reversed(out) if piece != Text("")]


def _body(pieces: list[Text | str]) -> tuple[tuple[Node, ...], str, str]:
    """Nodes up to end or else; which of them ended it, and what follows the word else."""
    nodes: list[Node] = []
    while pieces:
        piece = pieces.pop()
        if isinstance(piece, Text):
            nodes.append(piece)
            continue
        word, _, rest = piece.partition(" ")
        if word in ("end", "else"):
            return tuple(nodes), word, rest.strip()
        if word in ("if", "with", "range"):
            nodes.append(_block(word, rest, pieces))
        elif word in ("define", "template", "block", "break", "continue"):
            raise TemplateError(f"{{{{{word}}}}} is not supported here")
        else:
            nodes.append(_pipeline(piece))
    return tuple(nodes), "", ""


def _block(kind: str, condition: str, pieces: list[Text | str]) -> Block:
    pipe = _pipeline(condition)
    body, stop, rest = _body(pieces)
    otherwise: tuple[Node, ...] = ()
    if stop == "else":
        word, _, condition = rest.partition(" ")
        if word in ("if", "with"):
            # `else if` nests, and shares the one end.
            otherwise = (_block(word, condition, pieces),)
            stop = "end"
        else:
            otherwise, stop, _ = _body(pieces)
    if stop != "end":
        raise TemplateError(f"{{{{{kind}}}}} without its {{{{end}}}}")
    name: Literal["if", "with", "range"] = "if" if kind == "if" else "with" if kind == "with" else "range"
    return Block(name, pipe, body, otherwise)


def _pipeline(text: str) -> Pipe:
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise TemplateError(f"unexpected {text[at]!r} in {{{{{text}}}}}")
        if match.lastgroup and match.lastgroup != "space":
            tokens.append((match.lastgroup, match[0]))
        at = match.end()
    variable = None
    if len(tokens) > 1 and tokens[1][0] == "assign":
        variable, tokens = tokens[0][1], tokens[2:]
        if not re.fullmatch(r"\$\w+", variable):
            raise TemplateError(f"cannot assign to {variable!r}")
    tokens.reverse()
    pipe = _commands(tokens, text, variable)
    if tokens:
        raise TemplateError(f"unexpected {tokens[-1][1]!r} in {{{{{text}}}}}")
    return pipe


def _commands(tokens: list[tuple[str, str]], text: str, variable: str | None) -> Pipe:
    commands: list[Operand] = [_command(tokens, text)]
    while tokens and tokens[-1][0] == "pipe":
        tokens.pop()
        command = _command(tokens, text)
        if not isinstance(command, Call):
            raise TemplateError(f"only a function can follow '|' in {{{{{text}}}}}")
        commands.append(command)
    return Pipe(tuple(commands), variable)


def _command(tokens: list[tuple[str, str]], text: str) -> Operand:
    if tokens and tokens[-1][0] == "word" and tokens[-1][1] not in _CONSTANTS:
        function = tokens.pop()[1]
        arguments: list[Operand] = []
        while tokens and tokens[-1][0] in ("word", "string", "number", "path", "open"):
            arguments.append(_operand(tokens, text))
        return Call(function, tuple(arguments))
    operand = _operand(tokens, text)
    if tokens and tokens[-1][0] in ("word", "string", "number", "path", "open"):
        raise TemplateError(f"{tokens[-1][1]!r} follows a value that takes no argument in {{{{{text}}}}}")
    return operand


def _operand(tokens: list[tuple[str, str]], text: str) -> Operand:
    if not tokens:
        raise TemplateError(f"missing value in {{{{{text}}}}}")
    kind, token = tokens.pop()
    if kind == "word":
        return Const(_CONSTANTS[token]) if token in _CONSTANTS else Call(token, ())
    if kind == "string":
        return Const(_unquote(token))
    if kind == "number":
        return Const(float(token) if re.search(r"[.eE]", token) and "x" not in token else int(token, 0))
    if kind == "path":
        head, *fields = token.split(".")
        return Path(head or None, tuple(field for field in fields if field))
    if kind == "open":
        pipe = _commands(tokens, text, None)
        if not tokens or tokens[-1][0] != "close":
            raise TemplateError(f"missing ')' in {{{{{text}}}}}")
        return Pipe(pipe.commands, None, tuple(tokens.pop()[1].split(".")[1:]))
    raise TemplateError(f"unexpected {token!r} in {{{{{text}}}}}")


def _unquote(token: str) -> str:
    if token[0] == "`":
        return token[1:-1]
    try:
        return str(ast.literal_eval(token))
    except (ValueError, SyntaxError):
        raise TemplateError(f"not a valid string: {token}") from None
