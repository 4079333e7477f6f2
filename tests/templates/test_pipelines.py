"""Slots of variables, and commands that are given the value before them."""

from typing import Any

import pytest

from whodid.templates.builtins import BUILTINS
from whodid.templates.errors import TemplateError
from whodid.templates.parser import parse
from whodid.templates.pipelines import SHORT_CIRCUIT, Pipelines
from whodid.templates.run import Faults, State
from whodid.templates.tree import Action, Pipe
from whodid.templates.values import StringMap

KNOWN = {**BUILTINS, **SHORT_CIRCUIT}


def pipe_of(text: str) -> Pipe:
    (action,) = parse(text, "t", KNOWN, ("$seen",))
    assert isinstance(action, Action)
    return action.pipe


def value(text: str, data: Any) -> tuple[Any, list[Any]]:
    """What the pipeline comes to, and all slots behind it."""
    pipelines = Pipelines(Faults(text, "t"), KNOWN, ["$", "$seen"])
    run = pipelines.pipe(pipe_of(text))
    state = State(data, None, [data, "before", *[None] * (pipelines.slots - 2)])
    return run(state), state.slots[1:]


def test_a_variable_that_is_declared_has_a_slot_of_its_own() -> None:
    assert value('{{$new := "x" | len}}', {}) == (1, ["before", 1])
    assert value("{{$seen = .}}", "y") == ("y", ["y"])
    pipelines = Pipelines(Faults("", "t"), KNOWN, ["$"])
    pipelines.pipe(pipe_of("{{$a := 1}}"))
    pipelines.pipe(pipe_of("{{$a := 2}}"))
    assert (pipelines.slots, pipelines.scope) == (3, [("$", 0), ("$a", 1), ("$a", 2)])


def test_the_value_before_is_the_last_argument() -> None:
    assert value('{{.level | printf "%s-%s" "a"}}', StringMap({"level": "b"}))[0] == "a-b"


def test_what_comes_behind_the_deciding_argument_is_not_evaluated() -> None:
    assert value('{{or "x" (index .n 5)}}', StringMap())[0] == "x"
    assert value('{{and "" (index .n 5)}}', StringMap())[0] == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{1 2}}", "can't give argument to non-function 1"),
        ("{{nil}}", "nil is not a command"),
        ("{{.a.b}}", "can't evaluate field b in type string"),
    ],
)
def test_faults_are_told_when_it_runs(text: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        value(text, StringMap({"a": "b"}))
