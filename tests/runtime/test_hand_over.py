"""Which part of a path a mounted application's route takes, and what middleware adds to its answer."""

import pytest

from slugline.errors import BodyTimeout
from slugline.http.request import Request
from slugline.http.response import Response
from slugline.runtime.hand_over import hand_over_to, mount_prefix
from slugline.runtime.settings import Settings

PREFIXES = {
    "a catch-all": ("/api/shop/a/b", "/api/shop/[[...path]]", "/api/shop"),
    "its root": ("/api/shop", "/api/shop/[[...path]]", "/api/shop"),
    "its root with a slash": ("/api/shop/", "/api/shop/[[...path]]", "/api/shop"),
    "one or more": ("/api/shop/a", "/api/shop/[...path]", "/api/shop"),
    "everything": ("/api/a/b", "/api/[[...path]]", "/api"),
    "a parameter before": ("/api/a%2Fb/shop/x", "/api/[tenant]/shop/[[...path]]", "/api/a%2Fb/shop"),
    "no catch-all": ("/api/shop", "/api/shop", "/api/shop"),
    "a parameter at the end": ("/api/7", "/api/[id]", "/api/7"),
}


@pytest.mark.parametrize(("path", "pattern", "prefix"), PREFIXES.values(), ids=PREFIXES)
def test_the_part_of_the_path_that_the_route_takes(path, pattern, prefix):
    assert mount_prefix(path, pattern) == prefix


class Application:
    """Answers with the given fields; keeps what it was called with."""

    def __init__(self, *fields, reads=0):
        self.fields = list(fields)
        self.reads = reads
        self.received = []
        self.scope = self.prefix = None

    async def __call__(self, scope, receive, send, prefix):
        self.scope, self.prefix = scope, prefix
        self.received = [await receive() for _ in range(self.reads)]
        await send({"type": "http.response.start", "status": 201, "headers": self.fields})
        await send({"type": "http.response.body", "body": b"hi"})


async def run(application, response_of=lambda response: None, messages=(), settings=None):
    scope = {"type": "http", "path": "/api/shop/x"}
    request = Request("GET", b"/api/shop/x", b"", [], scope)
    sent, waiting = [], list(messages)

    async def send(message):
        sent.append(message)

    async def receive():
        if not waiting:
            raise BodyTimeout
        return waiting.pop(0)

    request._send, request._receive = send, receive
    response = Response(request)
    response_of(response)
    await hand_over_to(application, "/api/shop/[[...path]]", settings or Settings())(request, response)
    return request, response, sent


async def test_the_application_answers():
    application = Application((b"x-one", b"a"))
    request, response, sent = await run(application)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["headers"] == [(b"x-one", b"a")]
    assert response._handed_over
    assert response.ended
    assert response.status_code == 201
    assert application.prefix == "/api/shop"
    application.scope["own"] = 1
    assert "own" not in request.scope


ADDED = {
    # the application's fields, the middleware's, all that is sent
    "added": ([(b"a", b"1")], {"b": "2"}, [(b"a", b"1"), (b"b", b"2")]),
    "lines": ([], {"b": ["1", "2"]}, [(b"b", b"1"), (b"b", b"2")]),
    "the application's own stands": ([(b"a", b"1")], {"a": "2"}, [(b"a", b"1")]),
    "cookies add up": (
        [(b"set-cookie", b"a=1")],
        {"set-cookie": ["b=2", "c=3"]},
        [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"set-cookie", b"c=3")],
    ),
}


@pytest.mark.parametrize(("own", "added", "expected"), ADDED.values(), ids=ADDED)
async def test_what_middleware_has_set_goes_along(own, added, expected):
    _, _, sent = await run(Application(*own), lambda response: response.write_head(200, added))
    assert sent[0]["headers"] == expected


async def test_the_application_reads_the_body_as_it_comes():
    messages = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.request", "body": b"b", "more_body": False}]
    application = Application(reads=2)
    await run(application, messages=messages)
    assert application.received == messages


EVENTS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]


@pytest.mark.parametrize(
    ("own", "untouched_events", "expected"),
    [
        (EVENTS, True, b"no-store, no-transform"),
        (EVENTS, False, b"no-store"),
        ([(b"content-type", b"text/plain"), (b"cache-control", b"no-store")], True, b"no-store"),
    ],
)
async def test_events_that_a_proxy_would_hold_back(own, untouched_events, expected):
    _, _, sent = await run(Application(*own), settings=Settings(untouched_events=untouched_events))
    assert dict(sent[0]["headers"])[b"cache-control"] == expected
