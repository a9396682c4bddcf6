"""What a handler reads."""

import pytest

from slugline.http.request import Request


def get(path=b"/api/hello", query=b"", fields=None, scope=None):
    return Request("GET", path, query, fields, scope)


def test_the_path_and_url_are_as_sent():
    request = get(b"/api/a%2Fb", b"x=%20&y")
    assert request.method == "GET"
    assert request.path == "/api/a%2Fb"
    assert request.url == "/api/a%2Fb?x=%20&y"
    assert get().url == "/api/hello"
    assert repr(request) == "<Request GET /api/a%2Fb?x=%20&y>"


QUERIES = {
    "nothing": (b"", {}, {}),
    "text": (b"a=1", {}, {"a": "1"}),
    "repeated": (b"a=1&a=2", {}, {"a": ["1", "2"]}),
    "a parameter": (b"", {"id": "7"}, {"id": "7"}),
    "both": (b"a=1", {"id": "7"}, {"a": "1", "id": "7"}),
    "the parameter wins": (b"id=1&x=2", {"id": "7"}, {"id": "7", "x": "2"}),
    "the parameter wins over a repeated key": (b"id=1&id=2", {"id": "7"}, {"id": "7"}),
    "a catch-all is a list": (b"slug=x", {"slug": ["a"]}, {"slug": ["a"]}),
}


@pytest.mark.parametrize(("query", "params", "expected"), QUERIES.values(), ids=QUERIES)
def test_query_holds_the_query_string_and_the_parameters(query, params, expected):
    request = get(query=query)
    request.params = params
    assert request.query == expected
    assert request.query is request.query
    assert request.params == params


def test_requests_share_nothing_that_can_be_changed():
    first, second = get(), get()
    for mapping in (first.query, first.params, first.cookies, first.files):
        mapping["user"] = "ann"
    first.user = "ann"
    assert [second.query, dict(second.params), second.cookies, dict(second.files)] == [{}, {}, {}, {}]
    assert not hasattr(second, "user")


@pytest.mark.parametrize(
    ("fields", "cookies"),
    [
        ([], {}),
        ([(b"cookie", b"")], {}),
        ([(b"cookie", b"a=1; b=%20")], {"a": "1", "b": " "}),
        ([(b"cookie", b"a=1"), (b"cookie", b"a=2; b=3")], {"a": "1", "b": "3"}),
    ],
)
def test_cookies(fields, cookies):
    request = get(fields=fields)
    assert request.cookies == cookies
    assert request.cookies is request.cookies


def test_headers_are_found_in_any_case_and_kept():
    request = get(fields=[(b"x-one", b"1"), (b"x-one", b"2")])
    assert request.headers["X-One"] == "1, 2"
    assert request.headers.get_all("x-one") == ["1", "2"]
    assert request.headers is request.headers


@pytest.mark.parametrize(
    ("sent", "read"), [({}, "1.1"), ({"http_version": "1"}, "1.0"), ({"http_version": "1.0"}, "1.0"), ({"http_version": "2"}, "2")]
)
def test_the_version_of_http(sent, read):
    assert get(scope=sent).http_version == read


@pytest.mark.parametrize(
    ("scope", "client"),
    [({}, None), ({"client": None}, None), ({"client": ["::1", 50000]}, ("::1", 50000)), ({"client": ("a", 1)}, ("a", 1))],
)
def test_the_client(scope, client):
    assert get(scope=scope).client == client


def test_without_a_body_there_is_none():
    request = get()
    assert request.body is None
    assert request.raw_body is None
    assert dict(request.files) == {}


def test_the_stream_of_a_route_whose_parser_is_on_says_what_to_do():
    request = get()
    request.route = "/api/upload"
    with pytest.raises(RuntimeError, match=r'/api/upload has its body parser on.*"bodyParser": False'):
        _ = request.stream
    request.route = ""
    with pytest.raises(RuntimeError, match=r"^This route has"):
        _ = request.stream


def test_a_request_of_no_application_cannot_be_watched():
    with pytest.raises(RuntimeError, match="did not come from a running application"):
        _ = get().disconnected
    with pytest.raises(RuntimeError, match="did not come from a running application"):
        _ = get()._run_in_thread


def test_a_request_can_become_the_subclass_that_a_handler_asks_for():
    class SignedIn(Request):
        user: str = "nobody"

    request = get(b"/x")
    request.user = "ann"
    request.__class__ = SignedIn
    assert request.user == "ann"
    assert request.path == "/x"
