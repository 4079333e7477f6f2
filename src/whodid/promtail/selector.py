"""The little LogQL of `match`: a stream selector and line filters, as a function of an entry.

`{app="x", level=~"warn|error"} |= "a" |~ "b.*c" != "d"`: matchers hold for the entry's labels, filters for its line. No
other stage of LogQL is known here. Source: Promtail's manual and behaviour.
"""

from collections.abc import Callable

from whodid.logql import LogQLError, parse_filtered
from whodid.logql.ast import LineFilter, Stage
from whodid.model.matcher import Matcher
from whodid.promtail.entry import PipelineEntry
from whodid.promtail.patterns import Pattern, PatternError


class SelectorError(ValueError):
    """Not a selector that a match stage can use."""


def chooses(text: str) -> Callable[[PipelineEntry], bool]:
    """Whether an entry is chosen. Raises SelectorError."""
    try:
        query = parse_filtered(text)
        matchers = [(matcher.name, _matches(matcher)) for matcher in query.selector.matchers]
        filters = [_filters(stage) for stage in query.stages]
    except (LogQLError, PatternError) as error:
        raise SelectorError(str(error)) from None
    if len(matchers) == 1 and not filters:
        only, holds_for_only = matchers[0]
        return lambda entry: holds_for_only(entry.labels.get(only, ""))

    def chosen(entry: PipelineEntry) -> bool:
        labels, line = entry.labels, entry.line
        return all(holds(labels.get(name, "")) for name, holds in matchers) and all(keep(line) for keep in filters)

    return chosen


def _matches(matcher: Matcher) -> Callable[[str], bool]:
    value = matcher.value
    if matcher.op == "=":
        return lambda text: text == value
    if matcher.op == "!=":
        return lambda text: text != value
    Pattern(value)  # the error should name what the user wrote, not what is made of it
    test = Pattern(f"^(?s:{value})$", captures=False).test
    return test if matcher.op == "=~" else lambda text: not test(text)


def _filters(stage: Stage) -> Callable[[str], bool]:
    if not isinstance(stage, LineFilter) or stage.op not in ("|=", "!=", "|~", "!~"):
        raise SelectorError("a match stage takes the line filters |=, !=, |~ and !~ and no other stage of LogQL")
    if len(stage.operands) != 1 or stage.operands[0].ip:
        raise SelectorError("a line filter of a match stage takes one text, without `or` and ip()")
    value = stage.operands[0].value
    if stage.op == "|=":
        return lambda line: value in line
    if stage.op == "!=":
        return lambda line: value not in line
    test = Pattern(value, captures=False).test
    return test if stage.op == "|~" else lambda line: not test(line)
