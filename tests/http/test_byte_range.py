import pytest

from slugline.http.byte_range import Range, RangeNotSatisfiable, parse_range


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        ("bytes=0-99", 1000, Range(0, 100)),
        ("bytes=0-0", 1000, Range(0, 1)),
        ("bytes=10-", 1000, Range(10, 1000)),
        ("bytes=-10", 1000, Range(990, 1000)),
        ("bytes=-5000", 1000, Range(0, 1000)),
        ("bytes=990-5000", 1000, Range(990, 1000)),
        ("bytes=999-999", 1000, Range(999, 1000)),
        ("BYTES=1-2", 10, Range(1, 3)),
        ("bytes=0-" + "9" * 5000, 10, Range(0, 10)),
        ("bytes=" + "0" * 5000 + "5-", 10, Range(5, 10)),
        ("bytes=2-" + "0" * 5000 + "5", 10, Range(2, 6)),
        ("bytes=-" + "0" * 5000 + "3", 10, Range(7, 10)),
        # Ignored: the whole representation is sent.
        ("items=0-9", 1000, None),
        ("bytes=0-1,5-6", 1000, None),
        ("bytes=9-1", 1000, None),
        ("bytes = 1 - 2", 1000, None),
        ("bytes=" + " " * 100_000 + "x", 1000, None),
        ("bytes=-", 1000, None),
        ("bytes=a-b", 1000, None),
        ("bytes=٣-٤", 1000, None),
        ("bytes", 1000, None),
        ("", 1000, None),
    ],
)
def test_range(header: str, size: int, expected: Range | None) -> None:
    assert parse_range(header, size) == expected


@pytest.mark.parametrize(
    ("header", "size"),
    [("bytes=1000-", 1000), ("bytes=5000-6000", 1000), ("bytes=-0", 1000), ("bytes=0-", 0), ("bytes=-1", 0), ("bytes=-" + "0" * 5000, 10)],
)
def test_range_outside(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range(header, size)
