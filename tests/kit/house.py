"""The project's own files, as the house tests see them."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "whodid"
TESTS = ROOT / "tests"


def modules() -> list[str]:
    """Every module as a path below src/whodid: `wire/params.py`."""
    return sorted(str(path.relative_to(SRC)) for path in SRC.rglob("*.py"))


@cache
def tree(module: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse((SRC / module).read_text(), module)


def dotted(node: ast.expr) -> str:
    """`time.time` of an expression that is only names and dots, else an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""
