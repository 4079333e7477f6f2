"""Labels of a line as SQL, so that the engine can filter and group by what a parser finds: one file per parser."""

from whodid.query.columns.column import ABSENT, Aliases, Column, Condition, Parsed
from whodid.query.columns.json import json_columns
from whodid.query.columns.json_fields import fields_of_line, kept_json_columns
from whodid.query.columns.label_filter import filter_condition
from whodid.query.columns.logfmt import logfmt_columns
from whodid.query.columns.numbers import Number, unwrapped_number
from whodid.query.columns.pattern import pattern_columns
from whodid.query.columns.regexp import regexp_columns
from whodid.query.columns.stored import stored_column

__all__ = [
    "ABSENT",
    "Aliases",
    "Column",
    "Condition",
    "Number",
    "Parsed",
    "fields_of_line",
    "filter_condition",
    "json_columns",
    "kept_json_columns",
    "logfmt_columns",
    "pattern_columns",
    "regexp_columns",
    "stored_column",
    "unwrapped_number",
]
