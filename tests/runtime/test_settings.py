"""Settings that cannot be meant are refused where they are written."""

import dataclasses
import math
from typing import Any

import pytest

from slugline.errors import ConfigError
from slugline.runtime.settings import Settings

REFUSED: list[tuple[str, Any, str]] = [
    ("threads", 0, "a whole number from 1 up"),
    ("threads", "4", "a whole number from 1 up"),
    ("threads", 4.0, "a whole number from 1 up"),
    ("threads", True, "a whole number from 1 up"),
    ("threads", None, "a whole number from 1 up"),
    ("max_waiting", -1, "a whole number from 0 up"),
    ("max_concurrent", 0, "a whole number from 1 up"),
    ("max_streams", "many", "a whole number from 0 up"),
    ("retry_after_seconds", 0.5, "a whole number from 0 up"),
    ("body_idle_seconds", 0, "a number of seconds above 0"),
    ("body_idle_seconds", "10", "a number of seconds above 0"),
    ("body_total_seconds", math.inf, "a number of seconds above 0"),
    ("body_total_seconds", math.nan, "a number of seconds above 0"),
    ("write_stall_seconds", -1, "a number of seconds above 0"),
    ("late_answer_seconds", None, "a number of seconds above 0"),
    ("shutdown_seconds", -1, "a number of seconds from 0 up"),
    ("compress", "no", "True or False"),
    ("compress", 1, "True or False"),
    ("access_log", "xml", '"text", "json" or None'),
    ("access_log", True, '"text", "json" or None'),
]


@pytest.mark.parametrize(("name", "value", "allowed"), REFUSED)
def test_a_value_that_cannot_be_meant(name: str, value: Any, allowed: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings(**{name: value})
    assert caught.value.message.startswith(f"Settings: {name} is {value!r}. Allowed: {allowed}")


@pytest.mark.parametrize(
    "values",
    [
        {"threads": 1, "max_waiting": 0, "max_streams": 0, "retry_after_seconds": 0},
        {"body_idle_seconds": 1, "write_stall_seconds": 0.01, "shutdown_seconds": 0},
        {"compress": False, "access_log": "text"},
        {"access_log": "json"},
    ],
)
def test_what_may_be_set(values: dict[str, Any]) -> None:
    settings = Settings(**values)
    assert {name: getattr(settings, name) for name in values} == values


def test_every_field_is_checked() -> None:
    for field in dataclasses.fields(Settings):
        with pytest.raises(ConfigError, match=f"Settings: {field.name} is"):
            Settings(**{field.name: object()})
