"""Draft mode as a handler has it: `req.draft_mode`, `res.set_draft_mode` and their kin, and what is cleared unasked."""

import sys

import pytest

from draft_fakes import MODE_ID, FakeSource, ask, cookie_field, set_cookies
from slugline.errors import AlreadyAnswered, InvalidHeader, ResponseError
from slugline.http.draft_cookies import clear_draft_cookies
from slugline.http.finish import finish_head
from slugline.http.request import Request
from slugline.http.response import Response, Stage

CLEARED = clear_draft_cookies(secure=True)
ON = f"__prerender_bypass={MODE_ID}; Path=/; HttpOnly; Secure; SameSite=None"
OFF = f"__prerender_bypass={MODE_ID}; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=None"
DRAFT = f"__prerender_bypass={MODE_ID}"
WRONG = "__prerender_bypass=deadbeef"


def browse(act, source=None):
    """Give the request of a browser that got what `act` did to a response."""
    request, response = ask(source=source)
    act(response)
    return ask(cookie_field(set_cookies(request, response)), source)[0]


# What a handler reads


def test_without_cookies_it_is_off():
    request, _ = ask()
    assert (request.draft_mode, request.preview, request.preview_data) == (False, False, None)


def test_draft_mode():
    request = browse(lambda res: res.set_draft_mode())
    assert (request.draft_mode, request.preview, request.preview_data) == (True, True, {})


def test_preview_data():
    request = browse(lambda res: res.set_preview_data({"user": "ann"}))
    assert (request.draft_mode, request.preview, request.preview_data) == (True, True, {"user": "ann"})
    assert request.preview_data is request.preview_data


def test_a_wrong_cookie_is_off():
    request, _ = ask(WRONG)
    assert (request.draft_mode, request.preview, request.preview_data) == (False, False, None)


@pytest.mark.parametrize("cookie", [None, "a=1", DRAFT])
def test_outside_of_a_running_application_it_is_off(cookie):
    request = Request("GET", b"/", b"", [(b"cookie", cookie.encode())] if cookie else [])
    assert (request.draft_mode, request.preview, request.preview_data) == (False, False, None)
    response = Response(request)
    assert set_cookies(request, response) == []
    for act in (lambda: Response(request).set_draft_mode(), lambda: Response(request).set_preview_data(1)):
        with pytest.raises(ResponseError, match="does not belong to a running application"):
            act()


def test_the_cookies_are_read_once():
    source = FakeSource()
    request, response = ask(DRAFT, source)
    assert request.draft_mode
    assert request.preview_data == {}
    assert set_cookies(request, response) == []
    assert source.looked_up == 1


@pytest.mark.parametrize("cookie", [None, "a=1; b=2"])
def test_other_cookies_ask_for_no_keys(cookie):
    source = FakeSource()
    request, response = ask(cookie, source)
    assert not request.draft_mode
    assert set_cookies(request, response) == []
    assert source.looked_up == 0


def test_reading_makes_no_keys():
    source = FakeSource(keys=None)
    request, response = ask(DRAFT, source)
    assert not request.draft_mode
    assert set_cookies(request, response) == CLEARED
    assert source.made == 0


def test_data_without_the_package_that_opens_it(monkeypatch):
    request = browse(lambda res: res.set_preview_data({"user": "ann"}))
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    assert request.draft_mode
    with pytest.raises(RuntimeError, match=r'pip install "slugline\[preview\]"'):
        _ = request.preview_data
    assert set_cookies(request, Response(request)) == []
    request, response = ask()
    with pytest.raises(RuntimeError, match=r'pip install "slugline\[preview\]"'):
        response.set_preview_data({})
    assert set_cookies(request, response.set_draft_mode()) == [ON]


# What a handler sets


def lines_of(act, source=None):
    request, response = ask(source=source)
    assert act(response) is response
    return [line if "__next_preview_data=ey" not in line else "data" for line in set_cookies(request, response)]


SET = {
    "on": (lambda res: res.set_draft_mode(), [ON]),
    "on, said so": (lambda res: res.set_draft_mode(enable=True), [ON]),
    "off": (lambda res: res.set_draft_mode(enable=False), [OFF]),
    "data": (lambda res: res.set_preview_data({}), [ON, "data"]),
    "data for a time": (lambda res: res.set_preview_data({}, max_age=9), [ON.replace("; Path", "; Max-Age=9; Path"), "data"]),
    "data for a path": (lambda res: res.set_preview_data({}, path="/x"), [ON.replace("Path=/", "Path=/x"), "data"]),
    "clear": (lambda res: res.clear_preview_data(), CLEARED),
    "clear a path": (lambda res: res.clear_preview_data(path="/x"), clear_draft_cookies(secure=True, path="/x")),
    "clear twice": (lambda res: res.clear_preview_data().clear_preview_data(path="/"), CLEARED),
    "clear two paths": (
        lambda res: res.clear_preview_data(path="/x").clear_preview_data(),
        [*clear_draft_cookies(secure=True, path="/x"), *CLEARED],
    ),
    "clear and set": (lambda res: res.clear_preview_data().set_preview_data(1), [*CLEARED, ON, "data"]),
    "clear, set and clear": (lambda res: res.clear_preview_data().set_draft_mode().clear_preview_data(), [*CLEARED, ON, *CLEARED]),
    "a cookie before": (lambda res: res.set_header("Set-Cookie", "a=1").set_preview_data(1), ["a=1", ON, "data"]),
    "cookies before": (lambda res: res.set_header("Set-Cookie", ["a=1", "b=2"]).set_draft_mode(), ["a=1", "b=2", ON]),
    "a cookie after": (lambda res: res.set_draft_mode().set_cookie("a", "1"), [ON, "a=1; Path=/"]),
}


@pytest.mark.parametrize(("act", "lines"), SET.values(), ids=SET)
def test_what_is_set(act, lines):
    assert lines_of(act) == lines


def test_a_development_server_has_no_https():
    source = FakeSource(secure=False)
    assert lines_of(lambda res: res.set_draft_mode(), source) == [f"{DRAFT}; Path=/; HttpOnly; SameSite=Lax"]
    assert lines_of(lambda res: res.clear_preview_data(), source) == clear_draft_cookies(secure=False)


def test_setting_makes_keys_once():
    source = FakeSource(keys=None)
    request, response = ask(source=source)
    response.set_draft_mode().set_preview_data(1)
    assert len(set_cookies(request, response)) == 3
    assert source.made == 1


def test_each_token_has_salt_and_iv_of_its_own():
    source = FakeSource()
    first, second = (browse(lambda res: res.set_preview_data(1), source) for _ in range(2))
    assert first.preview_data == second.preview_data == 1
    assert first.cookies["__prerender_bypass"] == second.cookies["__prerender_bypass"]


@pytest.mark.parametrize("stage", [Stage.STREAMING, Stage.ANSWERED])
@pytest.mark.parametrize("call", ["set_draft_mode", "set_preview_data", "clear_preview_data"])
def test_it_is_too_late_after_the_head(stage, call):
    _, response = ask()
    response._stage = stage
    with pytest.raises(AlreadyAnswered, match=rf"^{call}\(\) came after"):
        getattr(response, call)(*([1] if call == "set_preview_data" else []))


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda res: res.set_preview_data("x" * 900), ResponseError),
        (lambda res: res.set_preview_data({}, max_age=0.5), ResponseError),
        (lambda res: res.set_preview_data({}, path="x"), InvalidHeader),
        (lambda res: res.clear_preview_data(path="x"), InvalidHeader),
    ],
)
def test_what_is_refused_sets_nothing(act, error):
    request, response = ask()
    with pytest.raises(error):
        act(response)
    assert set_cookies(request, response) == []


# What is cleared unasked


@pytest.mark.parametrize("cookie", [WRONG, f"a=1; {WRONG}", f"{DRAFT}; __next_preview_data=garbage", "__next_preview_data=x"])
@pytest.mark.parametrize("read", [True, False])
def test_cookies_that_say_nothing_are_cleared(cookie, read):
    request, response = ask(cookie)
    if read:
        assert request.preview_data is None
    assert set_cookies(request, response) == CLEARED


def test_good_and_empty_cookies_stay():
    for cookie in (DRAFT, "__prerender_bypass=; __next_preview_data=", "__prerender_bypass=", "a=1"):
        assert set_cookies(*ask(cookie)) == []


def test_good_data_stays_without_being_decrypted(monkeypatch):
    request = browse(lambda res: res.set_preview_data({"user": "ann"}))
    monkeypatch.setattr("slugline.http.draft_cookies._derive_key", None)
    assert set_cookies(request, Response(request)) == []


CLEARED_ON = {
    "json": lambda res: res.json({"a": 1}),
    "text": lambda res: res.send("a"),
    "204": lambda res: res.status(204).end(),
    "redirect": lambda res: res.redirect("/x"),
    "an error": lambda res: res.status(500).send("Internal Server Error"),
}


@pytest.mark.parametrize("answer", CLEARED_ON.values(), ids=CLEARED_ON)
def test_they_are_cleared_on_every_answer(answer):
    request, response = ask(WRONG)
    answer(response)
    assert set_cookies(request, response) == CLEARED


def test_they_are_cleared_on_answers_in_parts():
    request, response = ask(WRONG)
    _, fields, _ = finish_head(request, response.set_cookie("a", "1"), compress=True, length=None)
    assert [value.decode() for name, value in fields if name == b"set-cookie"] == [*CLEARED, "a=1; Path=/"]
    request, response = ask(DRAFT)
    assert not any(name == b"set-cookie" for name, _ in finish_head(request, response, compress=True, length=None)[1])


def test_the_handlers_own_cookies_come_after():
    # A browser takes the last: a new draft mode must not be cleared with the old cookie.
    for act, own in ((lambda res: res.set_draft_mode(), [ON]), (lambda res: res.set_header("Set-Cookie", ["a=1", "b=2"]), ["a=1", "b=2"])):
        request, response = ask(WRONG)
        act(response)
        assert set_cookies(request, response) == [*CLEARED, *own]


def test_what_the_handler_cleared_is_not_cleared_again():
    request, response = ask(WRONG)
    response.clear_preview_data()
    assert set_cookies(request, response) == CLEARED
    request, response = ask(WRONG)
    response.clear_preview_data(path="/x")
    assert set_cookies(request, response) == [*CLEARED, *clear_draft_cookies(secure=True, path="/x")]
