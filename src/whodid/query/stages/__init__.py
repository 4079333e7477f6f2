"""The stages of a log pipeline, one file each; this table is all of them, by their node in the tree."""

from whodid.logql import ast
from whodid.query.stages import (
    decolorize,
    drop,
    json,
    keep,
    label_filter,
    label_format,
    line_filter,
    line_format,
    logfmt,
    pattern,
    regexp,
    unpack,
)
from whodid.query.stages.stage import Fragment, Meaning, Scope, Step

STAGES: dict[type[ast.Stage], Meaning] = {
    ast.LineFilter: Meaning(line_filter.sql, line_filter.apply, drops=True),
    ast.LabelFilter: Meaning(label_filter.sql, label_filter.apply, drops=True, may_fail=True),
    ast.JsonParser: Meaning(json.sql, json.apply, labels="parsed", may_fail=True),
    ast.LogfmtParser: Meaning(logfmt.sql, logfmt.apply, labels="parsed", may_fail=True),
    ast.RegexpParser: Meaning(regexp.sql, regexp.apply, labels="parsed"),
    ast.PatternParser: Meaning(pattern.sql, pattern.apply, labels="parsed"),
    ast.Unpack: Meaning(unpack.sql, unpack.apply, rewrites=True, labels="changed", may_fail=True),
    ast.LineFormat: Meaning(line_format.sql, line_format.apply, rewrites=True, may_fail=True),
    ast.LabelFormat: Meaning(label_format.sql, label_format.apply, labels="changed", may_fail=True),
    ast.Decolorize: Meaning(decolorize.sql, decolorize.apply, rewrites=True),
    ast.Drop: Meaning(drop.sql, drop.apply, labels="changed"),
    ast.Keep: Meaning(keep.sql, keep.apply, labels="changed"),
}

__all__ = ["STAGES", "Fragment", "Meaning", "Scope", "Step"]
