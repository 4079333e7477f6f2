"""Tokens to a tree: `parse`. Recursive descent after Go's text/template/parse, with its words for what is wrong.

Functions and variables must exist when the template is read, so that a misspelt one is found before anything runs.
"""

from collections.abc import Container, Sequence
from typing import Final, Literal, NoReturn

from whodid.model.labels import quote
from whodid.templates import literals
from whodid.templates.errors import TemplateError
from whodid.templates.lexer import CLOSE, END, KEYWORDS, OPEN, SPACE, TEXT, Token, fault, tokens
from whodid.templates.tree import (
    Action,
    Block,
    Chain,
    Command,
    Constant,
    Define,
    Dot,
    Field,
    Insert,
    Jump,
    Name,
    Nil,
    Node,
    Operand,
    Pipe,
    Text,
    Variable,
    written,
)

MAX_DEPTH: Final = 100
"""Of blocks and brackets."""
_OPERANDS = frozenset(
    ("string", "raw", "char", "number", "variable", "field", "dot", "word", "open", "nil"),
)
_VALUES = (Constant, Dot, Nil)
_Stop = Literal["end", "else", "EOF"]


def parse(text: str, name: str, functions: Container[str], variables: Sequence[str] = ()) -> tuple[Node, ...]:
    """The tree of a template. `variables` exist from the start (`$labels`). Raises TemplateError."""
    parser = _Parser(text, name, functions, ["$", *variables])
    nodes, stop = parser.nodes(outermost=True)
    if stop != "EOF":
        raise parser.wrong(f"unexpected {{{{{stop}}}}}")
    return nodes


class _Parser:
    """One pass over the tokens."""

    def __init__(self, text: str, name: str, functions: Container[str], variables: list[str]) -> None:
        self._text, self._name, self._functions, self._variables = text, name, functions, variables
        self._tokens = tokens(text, name)
        self._ahead: list[Token] = []
        self._loops = self._depth = 0
        self._at = 0

    # ---- tokens ----

    def wrong(self, message: str) -> TemplateError:
        return fault(self._text, self._at, self._name, message)

    def _next(self) -> Token:
        token = self._ahead.pop() if self._ahead else next(self._tokens)
        self._at = token.at
        return token

    def _peek(self) -> Token:
        if not self._ahead:
            self._ahead.append(next(self._tokens))
        return self._ahead[-1]

    def _skip_space(self) -> Token:
        """The next token that is no blank, still to be taken."""
        while self._peek().kind == SPACE:
            self._next()
        return self._peek()

    def _unexpected(self, token: Token, context: str) -> NoReturn:
        self._at = token.at
        shown = token.text if len(token.text) <= 10 else f"{token.text[:10]}"
        shown = f"<{token.text}>" if token.kind in KEYWORDS else f'"{shown}"' + ("..." if shown != token.text else "")
        raise self.wrong(f"unexpected {'EOF' if token.kind == END else shown} in {context}")

    def _close(self, context: str) -> None:
        token = self._skip_space()
        if token.kind != CLOSE:
            self._unexpected(token, context)
        self._next()

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.wrong(f"the template is nested more than {MAX_DEPTH} levels deep")

    # ---- blocks ----

    def nodes(self, *, outermost: bool = False) -> tuple[tuple[Node, ...], _Stop]:
        """Nodes up to `end`, `else` or the end of the text, and which of them it was. Only the outermost may define."""
        out: list[Node] = []
        while True:
            token = self._next()
            if token.kind == END:
                return tuple(out), "EOF"
            if token.kind == TEXT:
                out.append(Text(token.text))
                continue
            assert token.kind == OPEN
            word = self._skip_space().kind
            if word == "end":
                self._next()
                self._close("end")
                return tuple(out), "end"
            if word == "else":
                self._next()
                if self._skip_space().kind not in ("if", "with"):
                    self._close("else")
                return tuple(out), "else"
            if word == "block":
                out += self._inserted_block()
            elif word == "define" and outermost:
                self._next()
                out.append(self._definition(self._named("define clause"), "define clause"))
            else:
                out.append(self._action(word))

    def _action(self, word: str) -> Node:
        if word in ("if", "with", "range"):
            begin = self._next().at
            return self._block(begin, word)  # type: ignore[arg-type]
        if word in ("break", "continue"):
            self._next()
            self._close(word)
            if not self._loops:
                raise self.wrong(f"{{{{{word}}}}} outside {{{{range}}}}")
            return Jump(word)  # type: ignore[arg-type]
        if word == "template":
            self._next()
            at, name = self._named("template clause")
            if self._skip_space().kind != CLOSE:
                return Insert(at, name, self._pipe("template clause", CLOSE))
            self._next()
            return Insert(at, name, None)
        if word == "define":
            self._unexpected(self._next(), "command")
        return Action(self._pipe("command", CLOSE))

    def _block(self, begin: int, kind: Literal["if", "with", "range"]) -> Block:
        self._deeper()
        known = len(self._variables)
        pipe = self._pipe(kind, CLOSE)
        self._loops += kind == "range"
        body, stop = self.nodes()
        self._loops -= kind == "range"
        otherwise: tuple[Node, ...] = ()
        if stop == "else":
            word = self._peek()
            if word.kind in ("if", "with") and word.kind == kind:
                # `else if` is a block of its own that shares the one end.
                self._next()
                otherwise, stop = (self._block(word.at, kind),), "end"
            elif word.kind in ("if", "with"):
                self._unexpected(word, "else")
            else:
                otherwise, stop = self.nodes()
        if stop == "EOF":
            raise self.wrong("unexpected EOF")
        if stop == "else":
            raise self.wrong("expected end; found {{else}}")
        del self._variables[known:]
        self._depth -= 1
        return Block(begin, kind, pipe, body, otherwise)

    # ---- templates of their own ----

    def _named(self, context: str) -> tuple[int, str]:
        token = self._skip_space()
        if token.kind not in ("string", "raw"):
            self._unexpected(token, context)
        self._next()
        try:
            return token.at, literals.string(token.text)
        except ValueError as error:
            raise self.wrong(str(error)) from None

    def _inserted_block(self) -> tuple[Node, Node]:
        """`block` defines and inserts at once."""
        self._next()
        at, name = self._named("block clause")
        pipe = self._pipe("block clause", CLOSE)
        return self._definition((at, name), "block clause", closed=True), Insert(at, name, pipe)

    def _definition(self, named: tuple[int, str], context: str, *, closed: bool = False) -> Define:
        """The body up to its end. It knows no variables but its own."""
        if not closed:
            self._close(context)
        self._deeper()
        outer, self._variables, self._loops = (self._variables, self._loops), ["$"], 0
        body, stop = self.nodes()
        self._variables, self._loops = outer
        if stop != "end":
            raise self.wrong("unexpected EOF" if stop == "EOF" else f"unexpected {{{{{stop}}}}} in {context}")
        self._depth -= 1
        return Define(named[1], body)

    # ---- pipelines ----

    def _pipe(self, context: str, end: str) -> Pipe:
        begin = self._skip_space().at
        names, assigns = self._declared(context)
        commands: list[Command] = []
        while (token := self._skip_space()).kind != end:
            if token.kind not in _OPERANDS:
                self._unexpected(token, context)
            commands.append(self._command())
        self._next()
        if not commands:
            raise self.wrong(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if isinstance(command.operands[0], _VALUES):
                raise self.wrong(f"non executable command in pipeline stage {stage}")
        if not assigns:
            self._variables += names
        return Pipe(begin, tuple(commands), tuple(names), assigns)

    def _declared(self, context: str) -> tuple[list[str], bool]:
        """`$x :=`, `$i, $x :=`, `$x =` before a pipeline."""
        names: list[str] = []
        while self._skip_space().kind == "variable":
            variable = self._next()
            after = self._peek()
            following = self._skip_space()
            if following.kind in ("declare", "assign"):
                self._next()
                if following.kind == "assign":
                    for name in (*names, variable.text):
                        self._known(name)
                return [*names, variable.text], following.kind == "assign"
            if following.kind == "other" and following.text == ",":
                self._next()
                if context != "range" or names:
                    raise self.wrong(f"too many declarations in {context}")
                names.append(variable.text)
                continue
            if names:
                raise self.wrong("range can only initialize variables")
            # No declaration: the variable and the blank behind it are part of the first command.
            if after.kind == SPACE:
                self._ahead.append(after)
            self._ahead.append(variable)
            return [], False
        if names:
            raise self.wrong("range can only initialize variables")
        return [], False

    def _known(self, name: str) -> None:
        if name not in self._variables:
            raise self.wrong(f'undefined variable "{name}"')

    def _command(self) -> Command:
        begin = self._skip_space().at
        operands: list[Operand] = []
        while True:
            token = self._skip_space()
            if token.kind in _OPERANDS:
                operands.append(self._operand())
                token = self._peek()
            if token.kind == SPACE:
                continue
            if token.kind == "pipe":
                self._next()
                self._after_pipe()
            elif token.kind not in (CLOSE, "close"):
                self._unexpected(token, "operand")
            break
        if not operands:
            raise self.wrong("empty command")
        return Command(begin, tuple(operands))

    def _after_pipe(self) -> None:
        token = self._skip_space()
        if token.kind in (CLOSE, "close"):
            raise self.wrong("missing value for command")

    def _operand(self) -> Operand:
        node = self._term()
        if self._peek().kind != "field":
            return node
        begin = self._peek().at
        fields: list[str] = []
        while self._peek().kind == "field":
            fields.append(self._next().text[1:])
        match node:
            case Field(_, names):
                return Field(begin, (*names, *fields))
            case Variable(_, name):
                return Variable(begin, name, tuple(fields))
            case Constant() | Nil() | Dot():
                raise self.wrong(f"unexpected . after term {quote(written(node))}")
            case _:
                return Chain(begin, node, tuple(fields))

    def _term(self) -> Operand:
        token = self._next()
        kind, text, at = token
        match kind:
            case "word":
                return self._word(token)
            case "dot":
                return Dot(at)
            case "nil":
                return Nil(at)
            case "variable":
                self._known(text)
                return Variable(at, text)
            case "field":
                return Field(at, (text[1:],))
            case "open":
                self._deeper()
                pipe = self._pipe("parenthesized pipeline", "close")
                self._depth -= 1
                return pipe
        try:
            if kind in ("string", "raw"):
                return Constant(at, literals.string(text), text)
            return Constant(at, literals.character(text) if kind == "char" else literals.number(text), text)
        except ValueError as error:
            raise self.wrong(str(error)) from None

    def _word(self, token: Token) -> Operand:
        if token.text in ("true", "false"):
            return Constant(token.at, token.text == "true", token.text)
        if token.text not in self._functions:
            raise self.wrong(f'function "{token.text}" not defined')
        return Name(token.at, token.text)
