"""Sizes: what has outgrown its reader is split. The aims are 300 and 30 lines; these are the walls."""

import ast

from kit.house import SRC, modules, tree

FILE_LINES = 600
FUNCTION_LINES = 70
LARGER_FILES: dict[str, str] = {}
"""Module → why it may be larger."""
LARGER_FUNCTIONS: dict[str, str] = {}
"""`module:function` → why it may be larger."""


def test_files() -> None:
    large = {module for module in modules() if len((SRC / module).read_text().splitlines()) > FILE_LINES}
    assert large - LARGER_FILES.keys() == set(), f"split these files: they have more than {FILE_LINES} lines"
    assert LARGER_FILES.keys() - large == set(), "these exceptions are no longer needed"


def test_functions() -> None:
    large = {
        f"{module}:{node.name}"
        for module in modules()
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    }
    assert large - LARGER_FUNCTIONS.keys() == set(), f"split these: they have more than {FUNCTION_LINES} lines"
    assert LARGER_FUNCTIONS.keys() - large == set(), "these exceptions are no longer needed"
