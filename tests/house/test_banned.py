"""What no module does: read the clock past `Clock`, swallow errors, print, run a user's pattern on Python's `re`."""

import ast
from collections.abc import Iterator

from kit.house import dotted, modules, tree

CLOCK_CALLS = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.sleep",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "date.today",
    "asyncio.sleep",
}
CLOCK_READERS = {
    "model/clock.py": "the real clock lives here",
    "cli/demo.py": "a composition root: waits for programs it started",
    "cli/serve.py": "a composition root: waits for programs it started",
}
USER_PATTERN_ROOMS = ("query/", "logql/", "rules/", "api/", "promtail/")
RE_CALLS = {
    f"re.{name}" for name in ("compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
}


def calls(module: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            yield name, node


def test_only_the_clock_reads_the_clock() -> None:
    found = {
        module: f"{name} in line {call.lineno}"
        for module in modules()
        for name, call in calls(module)
        if name in CLOCK_CALLS and not (name == "asyncio.sleep" and _is_zero(call))
    }
    assert {m: what for m, what in found.items() if m not in CLOCK_READERS} == {}, "take a Clock as a parameter"
    assert CLOCK_READERS.keys() <= found.keys(), "these exceptions are no longer needed"


def _is_zero(call: ast.Call) -> bool:
    """asyncio.sleep(0) waits for no time: it lets others run."""
    return isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


def test_nothing_prints_but_the_command_line() -> None:
    found = [
        f"{module}:{call.lineno}" for module in modules() for name, call in calls(module)
        if name == "print" and not module.startswith("cli/")
    ]  # fmt: skip
    assert found == [], "use logging"


def test_no_error_is_swallowed() -> None:
    found = [
        f"{module}:{node.lineno}"
        for module in modules()
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ExceptHandler)
        if node.type is None or dotted(node.type) in ("Exception", "BaseException")
        if all(isinstance(step, ast.Pass | ast.Continue) for step in node.body)
    ]
    assert found == [], "say which error is expected, and why it does not matter"


def test_python_re_runs_only_patterns_of_our_own() -> None:
    found = [
        f"{module}:{call.lineno}"
        for module in modules()
        if module.startswith(USER_PATTERN_ROOMS)
        for name, call in calls(module)
        if name in RE_CALLS and not _is_ours(call.args[0])
    ]
    assert found == [], "a user's regular expression runs on RE2"


def _is_ours(pattern: ast.expr) -> bool:
    """Literals and CONSTANTS put together, nothing that came in as a value."""
    return all(part.id.isupper() for part in ast.walk(pattern) if isinstance(part, ast.Name))


def test_these_rules_can_fail() -> None:
    source = (
        "time.time(); asyncio.sleep(0); re.compile(text); re.compile(_A.pattern + 'b'); re.compile(x.text); print(1)"
    )
    named = [(dotted(node.func), node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    assert [name for name, _ in named] == [
        "time.time",
        "asyncio.sleep",
        "re.compile",
        "re.compile",
        "re.compile",
        "print",
    ]
    assert [_is_ours(node.args[0]) for name, node in named if name == "re.compile"] == [False, True, False]
