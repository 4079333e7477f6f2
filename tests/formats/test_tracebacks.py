"""Stack traces: which lines belong together, and what they tell of (whole logs: samples/backend.log)."""

import sys
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.log_samples import join_records
from whodid.formats import FormatSettings, make_format
from whodid.formats.tracebacks import read_exception, without_trace

HEAD = "2026-11-23 06:32:36,001 ERROR [shop] cannot store"


def lines_of(raiser: str) -> list[str]:
    """The traceback that this Python prints."""
    try:
        exec(compile(raiser, "<shop>", "exec"), {})
    except BaseException:
        return traceback.format_exc().rstrip("\n").split("\n")
    raise AssertionError("nothing was raised")


RAISERS = {
    "1 / 0": "ZeroDivisionError",
    "int('x')": "ValueError",
    "def f(": "SyntaxError",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "try:\n  1/0\nexcept Exception as e:\n  raise KeyError('sku') from e": "KeyError",
    "try:\n  1/0\nexcept Exception:\n  {}['sku']": "KeyError",
    "raise ExceptionGroup('two', [ValueError(1), ExceptionGroup('one', [KeyError(2)])])": "ExceptionGroup",
    "e = ValueError('a')\ne.add_note('while tidying up')\nraise e": "ValueError",
    "def f(n): return f(n + 1)\nimport sys\nsys.setrecursionlimit(200)\nf(0)": "RecursionError",
}  # fmt: skip


@pytest.mark.parametrize("raiser", RAISERS)
def test_what_this_python_prints_is_one_entry(raiser: str) -> None:
    limit = sys.getrecursionlimit()
    try:
        trace = lines_of(raiser)
    finally:
        sys.setrecursionlimit(limit)
    backend = make_format("backend", FormatSettings())
    with_head = [HEAD, *trace]
    assert join_records(backend, [*with_head, HEAD, *with_head]) == ["\n".join(with_head), HEAD, "\n".join(with_head)]
    joined = join_records(backend, ["no head", *trace, *trace, HEAD])
    if "note" not in raiser:  # without a head nothing tells a note from the next print
        assert joined == ["no head", "\n".join(trace), "\n".join(trace), HEAD]
    found = read_exception("\n".join(with_head))
    assert found is not None and found[0] == RAISERS[raiser]
    assert without_trace("\n".join(with_head)) == HEAD


def test_a_trace_behind_a_served_request_is_its_own() -> None:
    access = '10.1.0.14 - - [23/Nov/2026 06:32:38] "GET / HTTP/1.1" 200 -'
    trace = lines_of("1 / 0")
    backend = make_format("backend", FormatSettings())
    assert join_records(backend, [access, *trace]) == [access, "\n".join(trace)]
    assert join_records(backend, ['{"level": "info"}', *trace]) == ['{"level": "info"}', "\n".join(trace)]


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    read_exception(text)
    read_exception(f"Traceback (most recent call last):\n{text}")
    without_trace(text)


def test_a_very_long_record_is_joined_in_time() -> None:
    backend = make_format("backend", FormatSettings())
    record = HEAD + "\n  frame" * 100_000
    for _ in range(200):
        assert backend.continues("  frame", record)
        assert backend.continues("Traceback (most recent call last):", record)
