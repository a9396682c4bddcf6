"""What the functions of a page give: read, or refused with the place and the cure."""

from typing import Any

import pytest

from slugline.errors import PageError
from slugline.pages.data import NotFound, PageContext, Props, Redirect, Result, read_result

WHERE = "pages/a.py: get_static_props"

# what was returned, what it is
STATIC: dict[str, tuple[object, Result]] = {
    "props": ({"props": {"a": 1}}, Props({"a": 1})),
    "no props": ({"props": {}}, Props({})),
    "revalidate": ({"props": {}, "revalidate": 60}, Props({}, 60)),
    "revalidate true": ({"props": {}, "revalidate": True}, Props({}, 1)),
    "revalidate false": ({"props": {}, "revalidate": False}, Props({})),
    "revalidate none": ({"props": {}, "revalidate": None}, Props({})),
    "not found": ({"not_found": True}, NotFound()),
    "not found as in Next.js": ({"notFound": True, "revalidate": 5}, NotFound(5)),
    "not found, but it is": ({"not_found": False, "props": {"a": 1}}, Props({"a": 1})),
    "redirect none": ({"redirect": None, "props": {}}, Props({})),
    "redirect": ({"redirect": {"destination": "/b", "permanent": False}}, Redirect("/b", 307)),
    "permanent": ({"redirect": {"destination": "/b", "permanent": True}, "revalidate": 9}, Redirect("/b", 308, 9)),
    "status": ({"redirect": {"destination": "https://x.example/", "status_code": 303}}, Redirect("https://x.example/", 303)),
    "status as in Next.js": ({"redirect": {"destination": "/b", "statusCode": 301}}, Redirect("/b", 301)),
    "base path": ({"redirect": {"destination": "/b", "permanent": True, "basePath": False}}, Redirect("/b", 308)),
}


@pytest.mark.parametrize(("value", "expected"), STATIC.values(), ids=STATIC)
def test_read(value: object, expected: Result) -> None:
    assert read_result(value, WHERE, is_static=True) == expected


# what was returned, the message after the place
REFUSED: dict[str, tuple[object, str]] = {
    "nothing": (None, ' returned None. Return a mapping: {"props": {...}}.'),
    "a list": ([], ' returned list, no mapping. Return a mapping: {"props": {...}}.'),
    "empty": ({}, ' returned none of props, redirect and not_found. For a page without data: return {"props": {}}.'),
    "revalidate alone": ({"revalidate": 1}, " returned none of props, redirect and not_found."),
    "unknown": ({"prop": {}}, " returned the unknown key 'prop'. Allowed: props, redirect, not_found, revalidate."),
    "a number as key": ({1: {}}, " returned the unknown key 1. Allowed: props, redirect, not_found, revalidate."),
    "two": ({"props": {"a": 1}, "not_found": True}, " returned props and not_found. Return one of them."),
    "props of text": ({"props": "x"}, ": props is str, no mapping. Give a mapping from names to values"),
    "props of none": ({"props": None}, ": props is None. Give a mapping from names to values"),
    "props with a number": ({"props": {1: 2}}, ": props is dict, no mapping. Give a mapping from names to values"),
    "not found, said in words": ({"not_found": "yes"}, ": not_found is 'yes'. Allowed: True."),
    "revalidate 0": (
        {"props": {}, "revalidate": 0},
        ": revalidate is 0. Allowed: a whole number of seconds from 1 up, or False for never.",
    ),
    "revalidate 10**30": ({"props": {}, "revalidate": 10**30}, ": revalidate is more than 9007199254740991 seconds. Give False for never."),
    "revalidate -1": ({"props": {}, "revalidate": -1}, ": revalidate is -1. Allowed:"),
    "revalidate 1.5": ({"props": {}, "revalidate": 1.5}, ": revalidate is 1.5. Allowed:"),
    "revalidate text": ({"props": {}, "revalidate": "60"}, ": revalidate is '60'. Allowed:"),
    "redirect text": ({"redirect": "/b"}, ': redirect is str, no mapping. Write {"destination": "/path", "permanent": False}.'),
    "redirect nowhere": ({"redirect": {"permanent": True}}, ': redirect has no destination. Write {"destination"'),
    "redirect to nothing": ({"redirect": {"destination": "", "permanent": True}}, ": redirect has no destination."),
    "redirect for how long": (
        {"redirect": {"destination": "/b"}},
        ": redirect has no permanent. Write True for 308, which browsers keep, or",
    ),
    "redirect twice": (
        {"redirect": {"destination": "/b", "permanent": True, "status_code": 301}},
        ": redirect has permanent and status_code. Keep one of them.",
    ),
    "redirect with 200": ({"redirect": {"destination": "/b", "status_code": 200}}, ": redirect has the status_code 200. Allowed: 301,"),
    "redirect with true": ({"redirect": {"destination": "/b", "status_code": True}}, ": redirect has the status_code True. Allowed: 301,"),
    "redirect unknown": (
        {"redirect": {"destination": "/b", "permanant": True}},
        ": redirect returned the unknown key 'permanant'. Allowed: destination, permanent, status_code, base_path.",
    ),
}


@pytest.mark.parametrize(("value", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(value: object, message: str) -> None:
    with pytest.raises(PageError) as raised:
        read_result(value, WHERE, is_static=True)
    assert raised.value.message.startswith(WHERE + message)


def test_a_page_of_each_request_is_never_made_anew() -> None:
    with pytest.raises(PageError) as raised:
        read_result({"props": {}, "revalidate": 60}, WHERE, is_static=False)
    assert raised.value.message == (
        f"{WHERE} returned the unknown key 'revalidate'. Allowed: props, redirect, not_found. "
        "A page that is made for each request has nothing to revalidate."
    )
    assert read_result({"props": {}}, WHERE, is_static=False) == Props({})


class TestContext:
    CONTEXT = PageContext(params={"slug": "a"}, draft_mode=False, resolved_url="/a")

    @pytest.mark.parametrize(
        ("key", "value"), [("params", {"slug": "a"}), ("draft_mode", False), ("draftMode", False), ("resolvedUrl", "/a")]
    )
    def test_either_way(self, key: str, value: Any) -> None:
        assert self.CONTEXT[key] == getattr(self.CONTEXT, key) == value

    @pytest.mark.parametrize("key", ["req", "resolvedURL", "param", 1])
    def test_what_is_not_there(self, key: Any) -> None:
        with pytest.raises(KeyError) as raised:
            self.CONTEXT[key]
        assert raised.value.args[0] == f"{key!r} is not in the context, which has draft_mode, params, resolved_url"

    def test_what_is_not_there_as_an_attribute(self) -> None:
        with pytest.raises(AttributeError, match=r"^'req' is not in the context, which has draft_mode, params, resolved_url$"):
            self.CONTEXT.req  # noqa: B018 (looking is the point)
