"""Template text to tree; faults are in language.yml."""

from whodid.templates.parser import parse
from whodid.templates.tree import Action, Block, Chain, Command, Constant, Field, Name, Pipe, Text, Variable


def test_a_tree() -> None:
    assert parse('a{{ $x := (f .b).c | f "d" }}', "t", {"f"}) == (
        Text("a"),
        Action(
            Pipe(
                4,
                (
                    Command(
                        10,
                        (
                            Chain(
                                16, Pipe(11, (Command(11, (Name(11, "f"), Field(13, ("b",)))),)), ("c",)
                            ),
                        ),
                    ),
                    Command(21, (Name(21, "f"), Constant(23, "d", '"d"'))),
                ),
                ("$x",),
            )
        ),
    )  # fmt: skip


def test_else_if_shares_the_end() -> None:
    outer = parse("{{ if .a }}1{{ else if .b }}2{{ else }}3{{ end }}4", "t", ())
    assert len(outer) == 2
    assert isinstance(outer[0], Block)
    inner = outer[0].otherwise[0]
    assert isinstance(inner, Block)
    assert (inner.body, inner.otherwise, outer[1]) == ((Text("2"),), (Text("3"),), Text("4"))


def test_variables_may_exist_from_the_start() -> None:
    (action,) = parse("{{ $labels.user.x }}", "t", (), ["$labels"])
    assert isinstance(action, Action)
    assert action.pipe.commands[0].operands == (Variable(10, "$labels", ("user", "x")),)
