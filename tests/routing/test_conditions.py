"""`has` and `missing`: when they hold, and which parameters they give."""

from typing import Any

import pytest

from routing.rule_fakes import FakeView, view
from slugline.routing.conditions import compile_condition, match_conditions

# Type, key, value, request, the parameters; None where the condition does not hold.
CASES: list[tuple[tuple[Any, ...], FakeView, dict[str, str] | None]] = [
    (("header", "x-need"), view("/"), None),
    (("header", "x-need"), view("/", x_need=""), None),
    (("header", "x-need"), view("/", x_need="any"), {"xneed": "any"}),
    (("header", "X-Need", "yes"), view("/", x_need="yes"), {}),
    (("header", "x-need", "yes"), view("/", x_need="yess"), None),
    (("header", "x-need", "a|b"), view("/", x_need="ab"), None),
    (("header", "x-need", "(?<val>.*)"), view("/", x_need="v1"), {"val": "v1"}),
    (("header", "x-need", "(?<val>.*)"), view("/", x_need=""), None),
    (("header", "x-need", "(?P<val>v)(?<n>\\d)?"), view("/", x_need="v"), {"val": "v"}),
    (("header", "x-need", "[[a-z&&]+"), view("/", x_need="a[&"), {}),
    (("header", "x-need", "(x)y"), view("/", x_need="xy"), {}),
    # NEXTJS: an empty value is none.
    (("header", "x-need", ""), view("/", x_need="any"), {"xneed": "any"}),
    (("header", "x-need", ""), view("/", x_need=""), None),
    (("header", "x-need", "(?i)YES"), view("/", x_need="yes"), {}),
    (("header", "x-need", "(?<a>.+)-(?<b>.+?)(?<c>x)?"), view("/", x_need="1-2-3"), {"a": "1-2", "b": "3"}),
    (("header", "x-need", "(?<a>.+)-(?<b>.+)"), view("/", x_need="a" * 2000 + "-é"), {"a": "a" * 2000, "b": "é"}),
    (("header", "x-need", "(?:a+)+b"), view("/", x_need="a" * 5000), None),
    (("query", "q", "(?:a|a)+b"), view(f"/?q={'a' * 5000}"), None),
    (("cookie", "c", "(.*,)*b"), view("/", cookie=f"c={'a,' * 2500}"), None),
    (("host", None, "(?:[a-z]+\\.?)+!"), view("/", host="a" * 400), None),
    (("query", "q"), view("/?q=v"), {"q": "v"}),
    (("query", "q"), view("/?q="), None),
    (("query", "q"), view("/?Q=v"), None),
    (("query", "my-q2"), view("/?my-q2=v"), {"myq": "v"}),
    (("query", "1"), view("/?1=v"), {}),
    (("query", "q"), view("/?q=a&q=b"), {"q": "b"}),
    (("query", "q"), view("/?q=a&q="), None),
    (("query", "q", "1"), view("/?q=2&q=1"), {}),
    (("query", "q", "1"), view("/?q=1&q=2"), None),
    (("query", "u", "(?<user>[a-z]+)-.*"), view("/?u=ann-7"), {"user": "ann"}),
    (("query", "q", "a"), view("/?q=a%0A"), None),
    (("cookie", "login", "true"), view("/", cookie="login=true"), {}),
    (("cookie", "login", "true"), view("/", cookie="login=trueX"), None),
    (("cookie", "tok"), view("/", cookie="a=1; tok=abc"), {"tok": "abc"}),
    (("cookie", "Tok"), view("/", cookie="tok=abc"), None),
    (("host", None, "app\\.example"), view("/", host="app.example:8080"), {"host": "app.example"}),
    (("host", None, "app.example"), view("/", host="APP.example"), {"host": "app.example"}),
    (("host", None, "app.example"), view("/", host="app.example.evil"), None),
    (("host", None, "(?<sub>.*)\\.shop\\.example"), view("/", host="toys.shop.example"), {"sub": "toys"}),
]


@pytest.mark.parametrize(("arguments", "request_", "expected"), CASES)
def test_condition(arguments: tuple[Any, ...], request_: FakeView, expected: dict[str, str] | None) -> None:
    condition = compile_condition(*arguments)
    assert condition.match(request_) == expected
    assert set(expected or {}) <= set(condition.names)


BAD: list[tuple[tuple[Any, ...], str]] = [
    (("nope", "x"), "Allowed: header, query, cookie, host"),
    (("header",), "no key. Write the name of the header"),
    (("query", ""), "query key"),
    (("host", "x", "y"), "no key. Delete it"),
    (("host",), "no value"),
    (("host", None, ""), "no value"),
    (("header", "x", "(a)\\1+"), "a reference back"),
    (("header", "x", "(?i)a+"), "'(?i'"),
    (("query", "q", "("), "cannot be read"),
]


@pytest.mark.parametrize(("arguments", "piece"), BAD)
def test_conditions_that_are_refused(arguments: tuple[Any, ...], piece: str) -> None:
    with pytest.raises(ValueError) as caught:
        compile_condition(*arguments)
    assert piece in str(caught.value)


def test_all_of_has_and_none_of_missing() -> None:
    a, b = compile_condition("query", "a"), compile_condition("query", "b")
    no = compile_condition("query", "q", "no")
    assert match_conditions([a, b], [], view("/?a=1&b=2")) == {"a": "1", "b": "2"}
    assert match_conditions([a, b], [], view("/?a=1")) is None
    assert match_conditions([a], [no], view("/?a=1&q=yes")) == {"a": "1"}
    assert match_conditions([a], [no], view("/?a=1&q=no")) is None
    assert match_conditions([], [], view("/")) == {}
