"""Calls by themselves; language.yml has them in templates."""

import pytest

from whodid.templates.calls import call_of, constant, first_deciding
from whodid.templates.errors import TemplateError
from whodid.templates.function import function
from whodid.templates.run import MISSING, Faults, State
from whodid.templates.tree import Constant, Name
from whodid.templates.values import MAX_CHARS

FAULTS = Faults("{{f}}", "t")
NAME = Name(2, "f")


def state() -> State:
    return State(None, None, [])


def test_what_the_pipe_gives_comes_last_and_must_fit() -> None:
    call = call_of(FAULTS, function(lambda a, b: f"{a}{b}", "int string"), "f", NAME, [lambda state: 1], NAME)
    assert call(state(), "x") == "1x"
    with pytest.raises(TemplateError, match="expected string; got int"):
        call(state(), 2)


def test_work_is_bounded() -> None:
    call = call_of(FAULTS, function(lambda: "a" * MAX_CHARS), "f", NAME, [], None)
    run = state()
    with pytest.raises(TemplateError, match="grows too large"):
        for _ in range(40):
            call(run, MISSING)


def test_the_first_that_decides() -> None:
    values = [lambda state: 0, lambda state: 2, FAULTS.raises(NAME, "not looked at")]
    assert first_deciding(values, True, piped=False)(state(), MISSING) == 2
    assert first_deciding(values[:1], True, piped=True)(state(), 7) == 7


def test_constants_take_the_type_that_is_asked_for() -> None:
    assert type(constant(FAULTS, Constant(2, 2, "2"), "float64")(state())) is float
    assert type(constant(FAULTS, Constant(2, 2.0, "2.0"), "int")(state())) is int
    with pytest.raises(TemplateError, match=r"expected integer; found 2\.5"):
        constant(FAULTS, Constant(2, 2.5, "2.5"), "int")(state())
