"""Sizes of a configuration."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slugline.http.sizes import parse_size

UNITS = {"b": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3, "tb": 1024**4, "pb": 1024**5}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (1, 1),
        (1000, 1000),
        (1000.9, 1000),
        ("1000", 1000),
        ("500b", 500),
        ("1kb", 1024),
        ("1mb", 1_048_576),
        ("1 mb", 1_048_576),
        ("1   mb", 1_048_576),
        ("1MB", 1_048_576),
        ("1Mb", 1_048_576),
        ("8gb", 8 * 1024**3),
        ("2tb", 2 * 1024**4),
        ("1pb", 1024**5),
        ("1.5mb", 1_572_864),
        ("0.5kb", 512),
        ("1.1kb", 1126),
        ("10.9", 10),
        ("1.9b", 1),
        ("007", 7),
        ("9007199254740993", 9007199254740993),  # a float would lose the last digit
    ],
)
def test_reads_a_size(value: float | str, size: int) -> None:
    assert parse_size(value) == size


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("1m", "did you mean 1mb?"),
        ("1M", "did you mean 1mb?"),
        ("1k", "did you mean 1kb?"),
        ("5 MiB", "did you mean 5mb?"),
        ("2 megabytes", "did you mean 2mb?"),
        ("100 bytes", "did you mean 100b?"),
        (" 1mb", "did you mean 1mb?"),
        ("1mb ", "did you mean 1mb?"),
        ("1mb\n", "did you mean 1mb?"),
        ("+1mb", "did you mean 1mb?"),
        (".5mb", "did you mean 0.5mb?"),
        ("1_000", "did you mean 1000b?"),
        ("1,000kb", "did you mean 1000kb?"),
        ("1xb", "did you mean 1b?"),
        ("", "not a size."),
        ("mb", "not a size."),
        ("big", "not a size."),
        ("nan", "not a size."),
        ("inf", "not a size."),
        ("-1mb", "not a size."),
        ("١mb", "not a size."),
        ("0", "less than one byte"),
        ("0mb", "less than one byte"),
        ("0.5", "less than one byte"),
        ("0.0009kb", "less than one byte"),
        (0, "less than one byte"),
        (-1, "less than one byte"),
        (0.5, "less than one byte"),
        (float("nan"), "not a size."),
        (float("inf"), "not a size."),
        (True, "not a size."),
        (False, "not a size."),
        (None, "not a size."),
        ([1], "not a size."),
        (Decimal(1), "not a size."),
    ],
)
def test_refuses_what_is_no_size(value: object, says: str) -> None:
    with pytest.raises(ValueError) as refusal:
        parse_size(value)  # type: ignore[arg-type]
    assert says in str(refusal.value)
    assert repr(value) in str(refusal.value)
    assert '"1.5mb"' in str(refusal.value), "the message does not say what is allowed"


@given(st.integers(1, 10**15), st.sampled_from(list(UNITS)), st.sampled_from(["", " "]), st.booleans())
def test_whole_numbers_are_exact(number: int, unit: str, space: str, upper: bool) -> None:
    assert parse_size(f"{number}{space}{unit.upper() if upper else unit}") == number * UNITS[unit]
