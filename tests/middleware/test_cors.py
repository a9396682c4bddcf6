"""What Next.js with the npm package `cors` answered, kind by kind, and what we refuse."""

import asyncio
import re
import threading

import pytest

from middleware.fakes import FakeRequest, FakeResponse
from slugline.errors import ConfigError
from slugline.middleware import Cors
from slugline.middleware.chain import run_middleware

METHODS = {"access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE"}
ASKED = {"vary": "Access-Control-Request-Headers"}
EMPTY = {"content-length": "0"}
ANY = {"access-control-allow-origin": "*"}
A = "https://a.example"
EVIL = "https://evil.example"


def allow(origin: str) -> dict[str, str]:
    return {"access-control-allow-origin": origin}


VARY = {"vary": "Origin"}
VARY_BOTH = {"vary": "Origin, Access-Control-Request-Headers"}
CREDENTIALS = {"access-control-allow-credentials": "true"}


def only_ok(origin, req):
    return origin == "https://ok.example"


async def fixed_later(origin, req):
    await asyncio.sleep(0)
    return "https://fixed.example"


LIST = [A, "https://b.example"]
REGEX = re.compile(r"\.example$")
MIXED = [A, re.compile(r"\.trusted\.example$")]
FULL = {
    "origin": [A],
    "credentials": True,
    "methods": ["GET", "HEAD"],
    "allowed_headers": ["X-A"],
    "exposed_headers": ["X-E"],
    "max_age": 60,
    "options_success_status": 204,
}
FULL_PREFLIGHT = {
    **CREDENTIALS,
    "access-control-allow-methods": "GET,HEAD",
    "access-control-allow-headers": "X-A",
    "access-control-max-age": "60",
    "access-control-expose-headers": "X-E",
    **EMPTY,
}

# Story: options, method, Origin, headers in order. A simple request goes on; a preflight is answered with 204.
SIMPLE = {
    "default": ({}, A, ANY),
    "default without an origin": ({}, None, ANY),
    "a fixed text": ({"origin": "https://app.example"}, "https://app.example", allow("https://app.example") | VARY),
    "a fixed text, to others too": ({"origin": "https://app.example"}, EVIL, allow("https://app.example") | VARY),
    "a fixed text, to nobody in particular": ({"origin": "https://app.example"}, None, allow("https://app.example") | VARY),
    "a star": ({"origin": "*"}, A, ANY),
    "True": ({"origin": True}, A, allow(A) | VARY),
    "True without an origin": ({"origin": True}, None, VARY),
    "True and the origin null": ({"origin": True}, "null", allow("null") | VARY),
    "False": ({"origin": False}, A, {}),
    "an empty text": ({"origin": ""}, A, {}),
    "the first of a list": ({"origin": LIST}, A, allow(A) | VARY),
    "the second of a list": ({"origin": LIST}, "https://b.example", allow("https://b.example") | VARY),
    "none of a list": ({"origin": LIST}, EVIL, VARY),
    "a list is case-sensitive": ({"origin": LIST}, "https://A.example", VARY),
    "a list, and no origin": ({"origin": LIST}, None, VARY),
    "an empty list": ({"origin": []}, A, VARY),
    "a tuple": ({"origin": (A,)}, A, allow(A) | VARY),
    "a pattern is searched": ({"origin": REGEX}, "https://x.example", allow("https://x.example") | VARY),
    "a pattern that does not match": ({"origin": REGEX}, "https://x.example.com", VARY),
    "a pattern that matches everything, and no origin": ({"origin": re.compile("")}, None, VARY),
    "mixed, exact": ({"origin": MIXED}, A, allow(A) | VARY),
    "mixed, pattern": ({"origin": MIXED}, "https://q.trusted.example", allow("https://q.trusted.example") | VARY),
    "mixed, neither": ({"origin": MIXED}, "https://trusted.example.evil", VARY),
    "a function says yes": ({"origin": only_ok}, "https://ok.example", allow("https://ok.example") | VARY),
    "a function says no": ({"origin": only_ok}, "https://no.example", {}),
    "an async function gives a text": ({"origin": fixed_later}, A, allow("https://fixed.example") | VARY),
    "a function gives a star": ({"origin": lambda origin, req: "*"}, A, ANY),
    "a function gives a list": ({"origin": lambda origin, req: LIST}, A, allow(A) | VARY),
    "a function gives a pattern": ({"origin": lambda origin, req: REGEX}, A, allow(A) | VARY),
    "a function gives None": ({"origin": lambda origin, req: None}, A, {}),
    "credentials": ({"origin": True, "credentials": True}, A, allow(A) | VARY | CREDENTIALS),
    "an exposed list": ({"exposed_headers": ["X-Total", "X-Page"]}, A, ANY | {"access-control-expose-headers": "X-Total,X-Page"}),
    "an exposed text": ({"exposed_headers": "X-Only"}, A, ANY | {"access-control-expose-headers": "X-Only"}),
    "max_age is for preflights": ({"max_age": 600}, A, ANY),
    "methods are for preflights": ({"methods": ["GET"]}, A, ANY),
    "full": (FULL, A, allow(A) | VARY | CREDENTIALS | {"access-control-expose-headers": "X-E"}),
    "full, another origin": (FULL, EVIL, VARY | CREDENTIALS | {"access-control-expose-headers": "X-E"}),
}

PREFLIGHT = {
    "default": ({}, A, None, ANY | METHODS | ASKED | EMPTY),
    "default without an origin": ({}, None, None, ANY | METHODS | ASKED | EMPTY),
    "asked headers are reflected": (
        {},
        A,
        "X-One, x-two",
        ANY | METHODS | ASKED | {"access-control-allow-headers": "X-One, x-two"} | EMPTY,
    ),
    "True": ({"origin": True}, A, None, allow(A) | VARY_BOTH | METHODS | EMPTY),
    "a refused origin is answered, but not allowed": ({"origin": LIST}, EVIL, None, VARY_BOTH | METHODS | EMPTY),
    "a methods list": (
        {"methods": ["GET", "POST", "OPTIONS"]},
        A,
        None,
        ANY | {"access-control-allow-methods": "GET,POST,OPTIONS"} | ASKED | EMPTY,
    ),
    "a methods text": ({"methods": "GET,PUT"}, A, None, ANY | {"access-control-allow-methods": "GET,PUT"} | ASKED | EMPTY),
    "no methods": ({"methods": []}, A, None, ANY | ASKED | EMPTY),
    "a list of allowed headers": (
        {"allowed_headers": ["X-A", "Content-Type"]},
        A,
        "X-Other",
        ANY | METHODS | {"access-control-allow-headers": "X-A,Content-Type"} | EMPTY,
    ),
    "a text of allowed headers": (
        {"allowed_headers": "X-B,Authorization"},
        A,
        None,
        ANY | METHODS | {"access-control-allow-headers": "X-B,Authorization"} | EMPTY,
    ),
    "an empty list of allowed headers": ({"allowed_headers": []}, A, "X-Other", ANY | METHODS | EMPTY),
    "exposed headers": (
        {"exposed_headers": ["X-Total", "X-Page"]},
        A,
        None,
        ANY | METHODS | ASKED | {"access-control-expose-headers": "X-Total,X-Page"} | EMPTY,
    ),
    "max_age": ({"max_age": 600}, A, None, ANY | METHODS | ASKED | {"access-control-max-age": "600"} | EMPTY),
    "max_age zero": ({"max_age": 0}, A, None, ANY | METHODS | ASKED | {"access-control-max-age": "0"} | EMPTY),
    "max_age as text": ({"max_age": "86400"}, A, None, ANY | METHODS | ASKED | {"access-control-max-age": "86400"} | EMPTY),
    "full": (FULL, A, "X-A", allow(A) | VARY | FULL_PREFLIGHT),
    "full, another origin": (FULL, EVIL, "X-A", VARY | FULL_PREFLIGHT),
}


async def ask(cors, method="GET", origin=None, asked_headers=None, headers=None, pool=None):
    """Run `cors` and give the response, and whether it went on."""
    fields = {"Origin": origin, "Access-Control-Request-Headers": asked_headers}
    request = FakeRequest(method, {name: value for name, value in fields.items() if value is not None}, pool)
    response = FakeResponse(headers)
    calls = []
    await cors(request, response, lambda error=None: calls.append(error))
    return response, calls == [None]


@pytest.mark.parametrize("story", SIMPLE)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_simple_request(story, method, pool):
    options, origin, expected = SIMPLE[story]
    response, went_on = await ask(Cors(**options), method, origin, pool=pool)
    assert went_on
    assert not response.headers_sent
    assert list(response.fields.items()) == list(expected.items())


@pytest.mark.parametrize("story", PREFLIGHT)
async def test_preflight(story):
    options, origin, asked_headers, expected = PREFLIGHT[story]
    response, went_on = await ask(Cors(**options), "OPTIONS", origin, asked_headers)
    assert not went_on
    assert (response.status_code, response.ended, response.body) == (204, True, "")
    assert list(response.fields.items()) == list(expected.items())


@pytest.mark.parametrize("origin", [False, only_ok])
async def test_preflight_with_cors_off_reaches_the_handler(origin, pool):
    response, went_on = await ask(Cors(origin=origin), "OPTIONS", A, pool=pool)
    assert went_on
    assert response.fields == {}


async def test_preflight_success_status():
    response, _ = await ask(Cors(options_success_status=200), "OPTIONS", A)
    assert (response.status_code, response.fields["content-length"]) == (200, "0")


async def test_preflight_continue():
    response, went_on = await ask(Cors(preflight_continue=True), "OPTIONS", A)
    assert went_on
    assert not response.ended
    assert list(response.fields.items()) == list((ANY | METHODS | ASKED).items())


VARY_CASES = {
    "added at the end": ("Accept", "Accept, Origin"),
    "not twice": ("Origin", "Origin"),
    "not twice in another case": ("origin, Accept", "origin, Accept"),
    "a longer name is another name": ("X-Origin", "X-Origin, Origin"),
    "a star stays": ("*", "*"),
    "several lines become one": (["Accept", "Cookie"], "Accept, Cookie, Origin"),
}


@pytest.mark.parametrize("story", VARY_CASES)
async def test_vary_is_merged(story):
    existing, expected = VARY_CASES[story]
    response, _ = await ask(Cors(origin=LIST), "GET", A, headers={"Vary": existing})
    assert list(response.fields.items()) == [("vary", expected), ("access-control-allow-origin", A)]


# Origin functions


async def test_a_function_gets_origin_and_request(pool):
    seen = []

    def note(origin, req):
        seen.append((origin, req.method, threading.current_thread().name[:6]))
        return True

    await ask(Cors(origin=note), "GET", A, pool=pool)
    await ask(Cors(origin=note), "POST", None, pool=pool)
    assert seen == [(A, "GET", "worker"), (None, "POST", "worker")]


def refuse(origin, req):
    raise PermissionError("Not allowed by CORS")


async def refuse_later(origin, req):
    raise PermissionError("Not allowed by CORS")


@pytest.mark.parametrize("function", [refuse, refuse_later])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_an_error_of_a_function_fails_the_request(function, method, pool):
    with pytest.raises(PermissionError, match="Not allowed by CORS"):
        await ask(Cors(origin=function), method, A, pool=pool)


@pytest.mark.parametrize("answer", [3, b"https://a.example", [None], object(), "https://a.example\r\nX: 1"])
async def test_a_function_that_gives_no_origin_fails_the_request(answer, pool):
    with pytest.raises(ConfigError, match="Cors: "):
        await ask(Cors(origin=lambda origin, req: answer), "GET", A, pool=pool)


async def test_a_function_that_gives_a_star_with_credentials_fails_the_request(pool):
    with pytest.raises(ConfigError, match="browsers refuse"):
        await ask(Cors(origin=lambda origin, req: "*", credentials=True), "GET", A, pool=pool)


async def test_in_a_def_handler_a_def_function_stays_on_its_thread(pool):
    names = []

    def note(origin, req):
        names.append(threading.current_thread().name)
        return True

    def handler(request, response):
        names.append(threading.current_thread().name)
        run_middleware(request, response, Cors(origin=note))

    response = FakeResponse()
    await pool(handler, FakeRequest("GET", {"Origin": A}, pool), response)
    assert names[0] == names[1]
    assert response.fields == allow(A) | VARY


# What is refused at start

REFUSED = {
    "a star with credentials": ({"credentials": True}, 'origin=["https://app.example"], or give True'),
    "a star with credentials, written out": ({"origin": "*", "credentials": True}, "browsers refuse"),
    "a star in a list": ({"origin": ["*"]}, 'write origin="*"'),
    "a number as origin": ({"origin": 1}, "1 is no origin"),
    "bytes as origin": ({"origin": b"https://a.example"}, "is no origin"),
    "a pattern of bytes": ({"origin": re.compile(b"a")}, "is no origin"),
    "a list in a list": ({"origin": [["https://a.example"]]}, "is no origin"),
    "True in a list": ({"origin": [True]}, "True is no origin"),
    "an empty text in a list": ({"origin": [""]}, "'' is no origin"),
    "a function of the origin alone": ({"origin": lambda origin: True}, "given as origin, must take two arguments: (origin, req)."),
    "a line break in an origin": ({"origin": "https://a.example\r\nX: 1"}, "line break"),
    "a line break in a list of origins": ({"origin": ["https://a.example\n"]}, "line break"),
    "a slash behind an origin": ({"origin": "https://a.example/"}, "nothing behind: 'https://a.example'."),
    "a path behind an origin in a list": ({"origin": ["https://a.example/app?x"]}, "nothing behind: 'https://a.example'."),
    "an origin without a scheme": ({"origin": "app.example"}, "'app.example' matches no origin"),
    "an origin without a scheme, what is meant": ({"origin": ["app.example:8443"]}, "'https://app.example:8443'."),
    "this machine without a scheme": ({"origin": "localhost:3000"}, "'http://localhost:3000'."),
    "capitals in an origin": ({"origin": "https://App.example"}, "in small letters and with nothing behind: 'https://app.example'."),
    "a wildcard": ({"origin": "https://*.app.example"}, 'Give a pattern: re.compile(r"^https://[^.]+\\.app\\.example$").'),
    "several origins in one text": ({"origin": "https://a.example, https://b.example"}, "For several, give a list"),
    "the usual port": ({"origin": "https://a.example:443"}, "leave the usual port out. Write 'https://a.example'."),
    "a user in an origin": ({"origin": "https://ada@a.example"}, "'https://a.example'."),
    "no host at all": ({"origin": ["https://"]}, 'such as "https://app.example"'),
    "a slip in a method": ({"methods": ["GTE"]}, "'GTE' in methods matches no request. Did you mean 'GET'?"),
    "a slip in a text of methods": ({"methods": "GET, DELTE"}, "Did you mean 'DELETE'?"),
    "a method in small letters": ({"methods": ["get", "put"]}, "Did you mean 'GET'?"),
    "no method": ({"methods": ["GET POST"]}, "'GET POST' in methods is no method"),
    "no methods at all": ({"methods": None}, "methods is a list of texts or one text"),
    "a method that is no text": ({"methods": [1]}, "methods is a list of texts"),
    "a number as headers": ({"allowed_headers": 1}, "allowed_headers is a list of texts"),
    "a line break in a header": ({"exposed_headers": ["X-A\r\nX-B"]}, "exposed_headers cannot be sent"),
    "text outside Latin-1": ({"allowed_headers": "X-☃"}, "allowed_headers cannot be sent"),
    "a text as credentials": ({"credentials": "true", "origin": True}, "credentials is True or False, not 'true'"),
    "a number as preflight_continue": ({"preflight_continue": 1}, "preflight_continue is True or False"),
    "a fraction as max_age": ({"max_age": 1.5}, "whole number of seconds"),
    "a word as max_age": ({"max_age": "1h"}, "whole number of seconds, such as 600, not '1h'"),
    "True as max_age": ({"max_age": True}, "whole number of seconds"),
    "a success status that browsers refuse": ({"options_success_status": 404}, "from 200 to 299"),
    "a text as success status": ({"options_success_status": "204"}, "from 200 to 299"),
    "True as success status": ({"options_success_status": True}, "from 200 to 299"),
}


@pytest.mark.parametrize("story", REFUSED)
def test_refused_options(story):
    options, text = REFUSED[story]
    with pytest.raises(ConfigError, match=r"^Cors: ") as caught:
        Cors(**options)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"origin": origin}
        for origin in (
            *("null", "http://localhost:3000", "http://127.0.0.1", "http://[::1]:3000", "https://a.example:8443", "http://a.example:443"),
            *("chrome-extension://abcdef", "capacitor://localhost", "tauri://localhost", "https://xn--nxasmq6b.example"),
            ["null", "https://a_b.example"],
        )
    ]
    + [
        {"methods": [method]} for method in ("PURGE", "PROPFIND", "QUERY", "LINK", "LOCK", "COPY", "MOVE", "REPORT", "SEARCH", "MKCOL", "*")
    ],
)
def test_what_a_browser_may_send_is_taken(options):
    Cors(**options)


def test_what_an_origin_function_gives_is_taken_as_it_is():
    Cors(origin=lambda origin, req: "app.example")


def test_options_are_named():
    with pytest.raises(TypeError):
        Cors("*")
    with pytest.raises(TypeError):
        Cors(orgin="*")
