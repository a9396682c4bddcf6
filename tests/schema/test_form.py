"""Forms: what was typed, what is wrong with it, and who may send it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from slugline.errors import ApiError
from slugline.http.multipart_form import UploadFile
from slugline.http.request import Request
from slugline.schema.form import is_same_site, read_form


@dataclass
class Entry:
    name: str
    age: int = 0
    subscribe: bool = False
    tags: list[str] | None = None


def send(
    body: Any, *, headers: dict[str, str] | None = None, method: str = "POST", files: dict[str, Any] | None = None
) -> Request[Any, Any]:
    fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    request: Request[Any, Any] = Request(method, b"/sign", b"", fields)
    request.body = body
    request.files = files or {}
    return request


# what was sent, the value
VALID: dict[str, tuple[dict[str, Any], Entry]] = {
    "texts": ({"name": "Ada"}, Entry("Ada")),
    "a number": ({"name": "Ada", "age": "36"}, Entry("Ada", 36)),
    "a field left empty has its default": ({"name": "Ada", "age": ""}, Entry("Ada")),
    "a ticked box": ({"name": "Ada", "subscribe": "on"}, Entry("Ada", subscribe=True)),
    "a box that is not ticked is not sent": ({"name": "Ada"}, Entry("Ada", subscribe=False)),
    "one of a list": ({"name": "Ada", "tags": "a"}, Entry("Ada", tags=["a"])),
    "several of a list": ({"name": "Ada", "tags": ["a", "b"]}, Entry("Ada", tags=["a", "b"])),
    "fields that nobody asked for": ({"name": "Ada", "button": "Send"}, Entry("Ada")),
}


@pytest.mark.parametrize(("body", "expected"), VALID.values(), ids=VALID)
def test_a_valid_form(body: dict[str, Any], expected: Entry) -> None:
    form = read_form(send(body), Entry)
    assert form.errors == {}
    assert form.valid
    assert form.data == expected
    assert form.values == body


# what was sent, the fields with errors
INVALID: dict[str, tuple[Any, set[str]]] = {
    "missing": ({}, {"name"}),
    "nothing": (None, {"name"}),
    "empty": ({"name": ""}, {"name"}),
    "no number": ({"name": "Ada", "age": "old"}, {"age"}),
    "two": ({"age": "old"}, {"name", "age"}),
    "twice": ({"name": ["a", "b"]}, {"name"}),
    "text": ("name=Ada", {""}),
    "a list": ([1], {""}),
}


@pytest.mark.parametrize(("body", "fields"), INVALID.values(), ids=INVALID)
def test_an_invalid_form(body: Any, fields: set[str]) -> None:
    form = read_form(send(body), Entry)
    assert not form.valid
    assert set(form.errors) == fields
    assert all(reason and "Traceback" not in reason for reason in form.errors.values())
    with pytest.raises(RuntimeError, match=r"^The form is not valid \(.*\): look at form\.valid first\.$"):
        _ = form.data


def test_what_was_typed_is_there_again() -> None:
    form = read_form(send({"name": "<Ada>", "age": "old"}), Entry)
    assert (form.value("name"), form.value("age"), form.value("tags")) == ("<Ada>", "old", "")
    assert form.error("age") != ""
    assert form.error("name") == ""


def test_a_reason_of_ones_own() -> None:
    form = read_form(send({"name": "root"}), Entry)
    form.fail("name", "is taken")
    form.fail("name", "is short")
    assert form.errors == {"name": "is taken"}
    assert not form.valid
    with pytest.raises(RuntimeError, match="name"):
        _ = form.data


@dataclass
class Picture:
    title: str
    file: UploadFile | None = None


@pytest.fixture
def upload() -> Iterator[UploadFile]:
    file = UploadFile("a.png", "image/png", {}, 1024)
    yield file
    file.close()


@pytest.fixture
def empty_upload() -> Iterator[UploadFile]:
    file = UploadFile("", "application/octet-stream", {}, 1024)
    yield file
    file.close()


def test_a_file(upload: UploadFile) -> None:
    form = read_form(send({"title": "x"}, files={"file": upload}), Picture)
    assert form.errors == {}
    assert form.data.file is upload
    assert form.files == {"file": upload}


def test_a_field_for_a_file_that_was_left_empty(empty_upload: UploadFile) -> None:
    form = read_form(send({"title": "x"}, files={"file": empty_upload}), Picture)
    assert form.errors == {}
    assert form.data.file is None


HOST = {"Host": "app.example"}
# method, headers, trusted origins, whether it may
SITES: dict[str, tuple[str, dict[str, str], tuple[str, ...], bool]] = {
    "a program": ("POST", HOST, (), True),
    "this site": ("POST", {**HOST, "Sec-Fetch-Site": "same-origin", "Origin": "https://app.example"}, (), True),
    "typed in": ("POST", {**HOST, "Sec-Fetch-Site": "none"}, (), True),
    "another site": ("POST", {**HOST, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, (), False),
    "a subdomain": ("POST", {**HOST, "Sec-Fetch-Site": "same-site", "Origin": "https://blog.app.example"}, (), False),
    "a word that is none": ("POST", {**HOST, "Sec-Fetch-Site": "Same-Origin"}, (), False),
    "fetch metadata wins over the origin": ("POST", {**HOST, "Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"}, (), False),
    "an older browser": ("POST", {**HOST, "Origin": "https://app.example"}, (), True),
    "an older browser elsewhere": ("POST", {**HOST, "Origin": "https://evil.example"}, (), False),
    "a host that begins alike": ("POST", {**HOST, "Origin": "https://app.example.evil.example"}, (), False),
    "a name before the host": ("POST", {**HOST, "Origin": "https://app.example@evil.example"}, (), False),
    "another port": ("POST", {**HOST, "Origin": "https://app.example:8443"}, (), False),
    "a sandbox": ("POST", {**HOST, "Origin": "null"}, (), False),
    "a sandbox without host": ("POST", {"Origin": "null"}, (), False),
    "no origin at all": ("POST", {**HOST, "Origin": ""}, (), False),
    "behind a proxy": ("POST", {"Host": "10.0.0.7:3000", "X-Forwarded-Host": "app.example", "Origin": "https://app.example"}, (), True),
    "behind two proxies": ("POST", {**HOST, "X-Forwarded-Host": "pub.example, inner:80", "Origin": "https://pub.example"}, (), True),
    "the port that needs no mention": ("POST", {"Host": "app.example:443", "Origin": "https://app.example"}, (), True),
    "the port of another scheme": ("POST", {"Host": "app.example:80", "Origin": "https://app.example"}, (), False),
    "a host in capitals": ("POST", {"Host": "APP.example", "Origin": "https://app.example"}, (), True),
    "no address": ("POST", {**HOST, "Origin": "http://["}, (), False),
    "no port": ("POST", {**HOST, "Origin": "http://app.example:x"}, (), False),
    "no host": ("POST", {"Host": "", "Origin": "http://"}, (), False),
    "neither host nor address": ("POST", {"Origin": "https://app.example"}, (), False),
    "trusted": ("POST", {**HOST, "Sec-Fetch-Site": "cross-site", "Origin": "https://pay.example"}, ("https://pay.example",), True),
    "trusted, in another scheme": ("POST", {**HOST, "Origin": "http://pay.example"}, ("https://pay.example",), False),
    "a link": ("GET", {**HOST, "Sec-Fetch-Site": "cross-site"}, (), True),
    "a look at the head": ("HEAD", {**HOST, "Sec-Fetch-Site": "cross-site"}, (), True),
    "a preflight": ("OPTIONS", {**HOST, "Sec-Fetch-Site": "cross-site"}, (), True),
    "PUT": ("PUT", {**HOST, "Sec-Fetch-Site": "cross-site"}, (), False),
    "DELETE": ("DELETE", {**HOST, "Sec-Fetch-Site": "cross-site"}, (), False),
    "a method of one's own": ("SIGN", {**HOST, "Sec-Fetch-Site": "cross-site"}, (), False),
}


@pytest.mark.parametrize(("method", "headers", "trusted", "expected"), SITES.values(), ids=SITES)
def test_who_may_send(method: str, headers: dict[str, str], trusted: tuple[str, ...], expected: bool) -> None:
    request = send({"name": "Ada"}, headers=headers, method=method)
    assert is_same_site(request, trusted) is expected
    if expected:
        assert read_form(request, Entry, trusted_origins=trusted).valid
    else:
        with pytest.raises(ApiError, match=r"^This form was sent from another site\.$") as raised:
            read_form(request, Entry, trusted_origins=trusted)
        assert raised.value.status == 403


def test_a_line_break_counts_once_as_in_the_browser() -> None:
    form = read_form(send({"name": "a\r\nb\nc\r", "tags": ["x\r\ny"]}), Entry)
    assert form.data == Entry("a\nb\nc\r", tags=["x\ny"])
    assert form.value("name") == "a\nb\nc\r"
