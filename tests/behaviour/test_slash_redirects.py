"""A redirect for a slash repeats what was sent, and changes nothing else in it."""

import pytest

from behaviour.sites import ServerSite

# (what is asked for, where it leads)
REDIRECTS = [
    ("/api//hello", "/api/hello"),
    ("/api//hello?a=b+c&x=%zz", "/api/hello?a=b+c&x=%zz"),
    ("/api//hello?x=a\\b", "/api/hello?x=a\\b"),
    ("/api//users/%zz", "/api/users/%zz"),
    ("/api/users/%zz/", "/api/users/%zz"),
    ("/api/hello/?a=1&b=2&a=3", "/api/hello?a=1&a=3&b=2"),
    ("//evil.example/x", "/evil.example/x"),
    ("/\\evil.example", "/evil.example"),
]


@pytest.mark.parametrize(("target", "location"), REDIRECTS, ids=[target for target, _ in REDIRECTS])
def test_a_slash_too_many(server: ServerSite, target: str, location: str) -> None:
    answer = server.ask(target)
    assert (answer.status, answer.header("location"), answer.body) == (308, location, location.encode())
