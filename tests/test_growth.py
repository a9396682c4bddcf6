"""The helper that compares times: what grows too fast is found."""

from collections.abc import Callable

import pytest

from growth import assert_grows_linearly


def scan(times: int) -> Callable[[], object]:
    text = "a" * times
    return lambda: [text.count("b") for _ in range(3)]


def scan_for_each(times: int) -> Callable[[], object]:
    text = "a" * times
    return lambda: [text.find("b") for _ in text]


def test_linear_time_is_fine() -> None:
    assert_grows_linearly(scan, 1 << 20)


def test_the_square_is_found() -> None:
    with pytest.raises(AssertionError, match="8 times the length takes"):
        assert_grows_linearly(scan_for_each, 1 << 13)
