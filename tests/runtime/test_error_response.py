"""From an exception to what the client sees."""

import logging

import pytest

from slugline.errors import (
    ApiError,
    BadRequest,
    BodyTimeout,
    BodyTooLarge,
    HandlerEnded,
    InvalidHeader,
    MiddlewareError,
    NotSerialisable,
    RequestError,
    TruncatedBody,
)
from slugline.http.finish import finish_whole
from slugline.http.request import Request
from slugline.runtime.api_route import HandlerTimeout
from slugline.runtime.error_response import is_expected, make_error_response
from slugline.runtime.threads import Overloaded

ANSWERS = {
    # error: status, body, whether it is news for the log
    "api error": (ApiError(403, "not yours"), 403, b'{"error":"not yours"}', False),
    "api error without words": (ApiError(404), 404, b'{"error":"Not Found"}', False),
    "api error of an unknown status": (ApiError(599), 599, b'{"error":"Error 599"}', False),
    "bad request": (BadRequest("Invalid JSON"), 400, b"Invalid JSON", False),
    "too large": (BodyTooLarge("1mb"), 413, b"Body exceeded 1mb limit", False),
    "too slow": (BodyTimeout(), 408, b"Request Timeout", False),
    "cut off": (TruncatedBody(), 400, b"Body was cut off", False),
    "not implemented": (RequestError(501, "Not Implemented"), 501, b"Not Implemented", False),
    "overloaded": (Overloaded(), 503, b"Service Unavailable", False),
    "took too long": (HandlerTimeout(), 504, b"Gateway Timeout", True),
    "any other": (ValueError("a secret"), 500, b"Internal Server Error", True),
    "a mistake with res": (NotSerialisable("a secret"), 500, b"Internal Server Error", True),
    "a mistake with next": (MiddlewareError("a secret"), 500, b"Internal Server Error", True),
    "an end of the program": (SystemExit(0), 500, b"Internal Server Error", True),
    "an interrupt": (KeyboardInterrupt(), 500, b"Internal Server Error", True),
    "an ended handler": (HandlerEnded(), 500, b"Internal Server Error", True),
}


@pytest.mark.parametrize(("error", "status", "body", "is_news"), ANSWERS.values(), ids=ANSWERS)
def test_what_the_client_sees(error, status, body, is_news):
    request = Request("GET", b"/api/x")
    response = make_error_response(request, error, retry_after_seconds=7)
    found, fields, sent = finish_whole(request, response, compress=False)
    assert (found, sent) == (status, body)
    assert response.ended
    assert is_expected(error) is not is_news
    assert dict(fields).get(b"retry-after") == (b"7" if status == 503 else None)
    expected_type = b"application/json; charset=utf-8" if isinstance(error, ApiError) else b"text/plain; charset=utf-8"
    assert dict(fields)[b"content-type"] == expected_type
    assert b"secret" not in sent + b"".join(value for _, value in fields)


def test_an_api_error_brings_its_headers():
    error = ApiError(401, "who?", headers={"WWW-Authenticate": "Bearer", "X-One": "a"})
    response = make_error_response(Request("GET", b"/"), error, retry_after_seconds=1)
    assert response.get_headers() == {"www-authenticate": "Bearer", "x-one": "a"}


@pytest.mark.parametrize("headers", [{"x-one": "a\r\nset-cookie: a=1"}, {"x one": "a"}, {"connection": "close"}])
def test_an_api_error_whose_headers_cannot_be_sent_is_a_plain_500_and_logged(headers, caplog):
    with caplog.at_level(logging.ERROR, logger="slugline"):
        response = make_error_response(
            Request("GET", b"/"), ApiError(401, "who?", headers={"x-good": "a", **headers}), retry_after_seconds=1
        )
    assert (response.status_code, response._body, response.get_headers()) == (500, b"Internal Server Error", {})
    assert "ApiError(401) came with a header that cannot be sent" in caplog.text


def test_nothing_of_the_first_response_is_left():
    request = Request("GET", b"/")
    first, second = (make_error_response(request, InvalidHeader("x"), retry_after_seconds=1) for _ in range(2))
    assert first is not second
    assert first.get_headers() == {}
