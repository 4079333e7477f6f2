"""How a stage reads what it is told: strictly, or weakly as some of Promtail's stages do."""

from typing import Any

import pytest

from whodid.promtail.errors import PipelineError
from whodid.promtail.settings import Settings


def strict(value: Any) -> Settings:
    return Settings({"Key": value}, "stage")


def weak(value: Any) -> Settings:
    return Settings({"key": value}, "stage", weak=True)


def test_strict_takes_only_the_type() -> None:
    assert (strict("x").text("key"), strict(None).text("key"), strict(True).flag("key")) == ("x", None, True)
    assert (strict(2.9).whole("key"), strict(1).number("key"), strict(["a"]).texts("key")) == (2, 1.0, ["a"])
    for read, value in [("text", 5), ("text", True), ("flag", "true"), ("number", "1"), ("number", True)]:
        with pytest.raises(PipelineError, match=r"stage\.key: must be"):
            getattr(strict(value), read)("key")
    for value in ("a", [1], {"a": 1}):
        with pytest.raises(PipelineError, match="must be a"):
            strict(value).texts("key")


def test_weak_takes_what_can_be_made_of_it() -> None:
    assert [weak(value).text("key") for value in (5, 1.5, True)] == ["5", "1.5", "1"]
    assert [weak(value).flag("key") for value in ("true", "0", "", 2)] == [True, False, False, True]
    assert [weak(value).whole("key") for value in ("0x10", "-3", 2.9)] == [16, -3, 2]
    assert (weak("1e2").number("key"), weak("a").texts("key"), weak("").texts("key")) == (100.0, ["a"], [])
    for read, value in [("flag", "yes"), ("whole", "x"), ("number", "x"), ("text", [])]:
        with pytest.raises(PipelineError, match=r"stage\.key"):
            getattr(weak(value), read)("key")


@pytest.mark.parametrize(
    ("text", "size"), [("8KB", 8192), ("1 mib", 1 << 20), ("5", 5), ("2byte", 2), ("1K ", 1024), ("0B", 0)]
)
def test_sizes(text: str, size: int) -> None:
    assert strict(text).size_bytes("key") == size


def test_settings_are_a_mapping_of_texts() -> None:
    assert Settings(None, "stage").text("key") is None
    with pytest.raises(PipelineError, match="its settings must be a mapping, not the text 'x'"):
        Settings("x", "stage")
    with pytest.raises(PipelineError, match="the key True must be a text"):
        Settings({True: 1}, "stage")


def test_mappings_of_names() -> None:
    assert strict({"a": "b", "c": None}).names("key") == {"a": "b", "c": None}
    with pytest.raises(PipelineError, match=r"stage\.key\.a: must be a text, not the number 5"):
        strict({"a": 5}).names("key")
    with pytest.raises(PipelineError, match="the key 5 must be a text"):
        strict({5: "a"}).names("key")
