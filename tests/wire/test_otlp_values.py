"""Attribute values as texts, and names as label names."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from whodid.model.labels import LABEL_NAME
from whodid.wire.otlp_values import flattened, label_name, text_of


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.5, "-0.5"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (1e-6, "0.000001"),
        (1.25e-9, "1.25e-9"),
        (math.nan, "NaN"),
        (-math.inf, "-Inf"),
    ],
)
def test_floats_as_go_writes_them(number: float, text: str) -> None:
    assert text_of(AnyValue(double_value=number)) == text


def test_numbers_that_json_does_not_have() -> None:
    value = AnyValue()
    value.array_value.values.add().double_value = math.inf
    value.array_value.values.add().bytes_value = b"hi"
    assert json.loads(text_of(value)) == [None, "aGk="]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_s_text_is_that_float(number: float) -> None:
    assert float(text_of(AnyValue(double_value=number))) == number


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_every_key_becomes_a_label_name(key: str) -> None:
    assert LABEL_NAME.fullmatch(label_name(key))


def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    twice = [KeyValue(key="a.b", value=AnyValue(string_value=text)) for text in ("first", "last")]
    assert flattened(twice) == {"a_b": "last"}
