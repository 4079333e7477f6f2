"""The bounds of one run, and where a fault says that it is; language.yml has what templates do."""

import pytest

from whodid.templates.errors import TemplateError
from whodid.templates.run import Faults, State, put, write
from whodid.templates.tree import Field
from whodid.templates.values import MAX_CHARS


def test_a_fault_names_line_column_and_node() -> None:
    faults = Faults("ü\nü {{.a_name_of_some_length}}", "t")
    error = faults.at(Field(6, ("a_name_of_some_length",)), "no")
    assert str(error) == 'template: t:2:5: executing "t" at <.a_name_of_some_length>: no'
    with pytest.raises(TemplateError, match="expected int; got string"):
        faults.fitting(Field(6, ("a",)), "x", "int")


def test_text_is_bounded() -> None:
    state = State(None, None, [])
    write(state, [lambda state: put(state, "a" * MAX_CHARS)])
    with pytest.raises(TemplateError, match="would be longer"):
        put(state, "b")
