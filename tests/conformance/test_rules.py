"""What Next.js does where cases.json has no case, asked of the same route files.

Each line is a rule that a neighbouring case follows too. Where Next.js does what only JavaScript would do (a numeric text as a
status, a 304 for a POST), the line says what Slugline does instead.
"""

from typing import Any

import pytest

from conformance.replay import compare_sensible, exchange
from servers import Server

NO_STORE = "private, no-cache, no-store, max-age=0, must-revalidate"
NOT_FOUND = {"status": 404, "headers": {"cache-control": NO_STORE}}
FAILED = {
    "status": 500,
    "headers": {"location": None, "etag": None, "x-injected": None, "set-cookie": None},
    "body": "Internal Server Error",
}
BAD_REQUEST = {"status": 400}
UNKNOWN_KIND = {"status": 400, "json": {"error": "unknown kind"}}
JSON = ["Content-Type", "application/json"]
FORM = ["Content-Type", "application/x-www-form-urlencoded"]
TEXT_TYPE = {"content-type": "text/plain; charset=utf-8"}
JSON_TYPE = {"content-type": "application/json; charset=utf-8"}
DROPPED = "; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=None"
SHORT = "; Max-Age=10; Path=/x; HttpOnly; Secure; SameSite=None"
PREFLIGHT = [["Origin", "https://a.example"], ["Access-Control-Request-Method", "PUT"], ["Access-Control-Request-Headers", "X-A, X-B"]]

Request = dict[str, Any]
Check = dict[str, Any]


def get(path: str, *headers: list[str]) -> Request:
    return {"path": path, "headers": headers}


def ask(method: str, path: str, *headers: list[str]) -> Request:
    return {"method": method, "path": path, "headers": headers}


def post(path: str, header: list[str], body: str) -> Request:
    return {"method": "POST", "path": path, "headers": [header], "body": body}


def cookies(text: str) -> Request:
    return get("/api/cookies", ["Cookie", text])


def route(pattern: str, **query: str | list[str]) -> Check:
    return {"status": 200, "json": {"route": pattern, "query": query}}


def value(json: object, **headers: str) -> Check:
    return {"status": 200, "headers": {**JSON_TYPE, **headers}, "json": json}


def text(body: str, **headers: str | None) -> Check:
    return {"status": 200, "headers": {**TEXT_TYPE, **headers}, "body": body}


def body(kind: str, body: object) -> Check:
    return {"status": 200, "json": {"route": "/api/body/default", "bodyType": kind, "body": body}}


RULES: dict[str, tuple[Request, Check]] = {
    # Routing
    "index": (get("/api"), route("/api")),
    "index is not served by its name": (get("/api/index"), NOT_FOUND),
    "index below a dynamic segment is a value": (get("/api/users/index"), route("/api/users/[id]", id="index")),
    "two names that differ by an underscore": (
        get("/api/special4/1/2"),
        route("/api/special4/[userId]/[user_id]", userId="1", user_id="2"),
    ),
    "colon and digits": (get("/api/catch/a:b/12"), route("/api/catch/[...slug]", slug=["a:b", "12"])),
    "dash": (get("/api/special/a-b"), route("/api/special/a-b")),
    "encoded letter": (get("/api/%68ello"), route("/api/hello")),
    "encoded space": (get("/api/special/with%20space"), route("/api/special/with space")),
    "encoded dollar": (get("/api/special/%24city"), route("/api/special/$city")),
    "long parameter": (get("/api/users/" + "x" * 2000), route("/api/users/[id]", id="x" * 2000)),
    "fragment": (get("/api/hello#x"), route("/api/hello")),
    "dot segment": (get("/api/./hello"), BAD_REQUEST),
    "encoded dot segments": (get("/api/users/%2e%2e"), BAD_REQUEST),
    "dots within a segment": (get("/api/users/a%2e%2e"), route("/api/users/[id]", id="a..")),
    "another file is not a route": (get("/api/notes"), NOT_FOUND),
    "another file is not served": (get("/api/notes.md"), NOT_FOUND),
    "a route file is not served": (get("/api/hello.py"), NOT_FOUND),
    "a route file is not served by its path": (get("/pages/api/hello.py"), NOT_FOUND),
    "a helper is not served": (get("/lib/answers.py"), NOT_FOUND),
    # Slashes
    "encoded slash is no separator": (get("/api/%2Fhello"), NOT_FOUND),
    "double slash in the query": (get("/api/hello?next=//x"), route("/api/hello", next="//x")),
    "two trailing slashes": (get("/api/hello//"), {"status": 308, "headers": {"location": "/api/hello/"}}),
    "double slash at the start": (get("//evil.example/x"), {"status": 308, "headers": {"location": "/evil.example/x"}}),
    "star form": (ask("OPTIONS", "*"), {"status": [200, 204, 400]}),
    # Query
    "empty pairs": (get("/api/query?&a=1&&b=2&"), value({"a": "1", "b": "2"})),
    "brackets do not nest": (get("/api/query?a[]=1&a[x]=2"), value({"a[]": "1", "a[x]": "2"})),
    "dots do not nest": (get("/api/query?a.b=1"), value({"a.b": "1"})),
    "no equals sign": (get("/api/query?a&b="), value({"a": "", "b": ""})),
    "nothing but an equals sign": (get("/api/query?="), value({"": ""})),
    "spaces": (get("/api/query?a=x%20y&b=x+y"), value({"a": "x y", "b": "x y"})),
    "repeated key": (get("/api/query?a=1&b=2&a=3"), value({"a": ["1", "3"], "b": "2"})),
    "slash and question mark": (get("/api/query?p=/a/b?c"), value({"p": "/a/b?c"})),
    "percent-encoded UTF-8": (get("/api/query?u=%E4%B8%96"), value({"u": "世"})),
    "malformed escapes": (get("/api/query?a=%zz&b=%ff&c=%"), value({"a": "%zz", "b": "\ufffd", "c": "%"})),
    "raw bytes outside ASCII": (get("/api/query?u=é"), BAD_REQUEST),
    "parameter wins": (get("/api/users/7?id=8&id=9&x=1"), route("/api/users/[id]", id="7", x="1")),
    "catch-all wins": (get("/api/catch/a/b?slug=z"), route("/api/catch/[...slug]", slug=["a", "b"])),
    "parameter with a dash wins": (get("/api/special2/v?weird-name=z"), route("/api/special2/[weird-name]", **{"weird-name": "v"})),
    "body is not merged in": (post("/api/query?a=1", FORM, "b=2"), value({"a": "1"})),
    # Methods
    "unknown method": (ask("FOO", "/api/method"), {"status": [400, 405, 501]}),
    "lower-case method": (ask("get", "/api/method"), {"status": [400, 405, 501]}),
    "CONNECT": (ask("CONNECT", "/api/method"), BAD_REQUEST),
    "raw 405": (
        ask("DELETE", "/api/methods405"),
        {"status": 405, "headers": {"allow": "GET, POST", "etag": None}, "body": "Method DELETE Not Allowed"},
    ),
    "201 with the body": (post("/api/methods405", JSON, '{"a":1}'), {"status": 201, "json": {"created": {"a": 1}}}),
    # Request headers and cookies
    "repeated header": (get("/api/headers?names=x-a,x-none", ["X-A", "1"], ["x-a", "2"]), value({"x-a": "1, 2", "x-none": None})),
    "repeated set-cookie": (get("/api/headers?names=set-cookie", ["Set-Cookie", "a"], ["Set-Cookie", "b"]), value({"set-cookie": "a, b"})),
    "forwarded headers pass": (
        get("/api/headers?names=x-forwarded-for", ["X-Forwarded-For", "1.2.3.4"]),
        value({"x-forwarded-for": "1.2.3.4"}),
    ),
    "bytes outside ASCII": (get("/api/headers?names=x-b", ["X-B", "é"]), value({"x-b": "Ã©"})),
    "first cookie wins": (cookies("a=1; a=2; A=3"), value({"a": "1", "A": "3"})),
    "cookie spaces": (cookies(' b = 3 ;c="q q"'), value({"b": "3", "c": "q q"})),
    "cookie escapes": (cookies("d=%20; e=%zz; f=a+b; %20=1"), value({"d": " ", "e": "%zz", "f": "a+b", "%20": "1"})),
    "cookie without a value": (cookies("noeq; $g=1"), value({"$g": "1"})),
    "half quoted cookie": (cookies('a="part'), value({"a": "par"})),
    "comma separates no cookies": (cookies("a=1,b=2"), value({"a": "1,b=2"})),
    # Body
    "XML": (post("/api/body/default", ["Content-Type", "application/xml"], "<a/>"), body("string", "<a/>")),
    "text/json": (post("/api/body/default", ["Content-Type", "text/json"], "{}"), body("string", "{}")),
    "binary": (post("/api/body/default", ["Content-Type", "image/png"], "abc"), body("bytes", "abc")),
    "malformed form escapes": (post("/api/body/default", FORM, "a=%zz&b=%ff"), body("object", {"a": "%zz", "b": "\ufffd"})),
    "repeated JSON key": (post("/api/body/default", JSON, '{"a":1,"a":2}'), body("object", {"a": 2})),
    "trailing comma": (post("/api/body/default", JSON, "[1,]"), {"status": 400, "body": "Invalid JSON"}),
    "number out of range": (post("/api/body/default", JSON, '{"a":1e400}'), {"status": [200, 400], "body_not": "Infinity"}),
    "multipart": (
        post(
            "/api/body/default",
            ["Content-Type", "multipart/form-data; boundary=X"],
            '--X\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--X--\r\n',
        ),
        body("object", {"a": "1"}),
    ),
    "bad JSON comes before the handler": (post("/api/err/sync", JSON, "{"), {"status": 400, "body": "Invalid JSON"}),
    "parser off": (
        post("/api/body/off", JSON, '{"a":1}'),
        {"status": 200, "json": {"route": "/api/body/off", "bodyType": "undefined", "length": 7, "hex": "7b2261223a317d"}},
    ),
    # send
    "send text": (get("/api/send/string"), text("hello", **{"content-length": "5", "etag": 're:^"'})),
    "send text outside ASCII": (get("/api/send/unicode"), text("héllo 世界", **{"content-length": "13"})),
    "send JSON text with its type": (
        get("/api/send/json-string-typed"),
        {"status": 200, "headers": {"content-type": "application/json"}, "body": '{"pre":"encoded"}'},
    ),
    "send true": (get("/api/send/true"), value(True)),
    "send nothing": (get("/api/send/noarg"), {"status": 200, "headers": {"content-type": None, "etag": None}, "body": ""}),
    "send None": (get("/api/send/null"), {"status": 200, "headers": {"content-type": None, "etag": None}, "body": ""}),
    "send with 205": (get("/api/send/s205-string"), {"status": 205, "body": ""}),
    "send with 404": (get("/api/send/s404-string"), {"status": 404, "headers": {"etag": 're:^"'}, "body": "nope"}),
    "send a function": (get("/api/send/function"), FAILED),
    "send with 204": (
        get("/api/send/s204-string"),
        {"status": 204, "headers": {"content-type": None, "content-length": None, "transfer-encoding": None}, "body": ""},
    ),
    "send an unknown kind": (get("/api/send/nope"), UNKNOWN_KIND),
    # json
    "json array": (get("/api/json/array"), value([1, "a", None])),
    "json text": (get("/api/json/string"), value("Hello world!")),
    "json number": (get("/api/json/number"), value(42)),
    "json exponents": (get("/api/json/exp"), value([1e21, 1e-7, 123456789012345680000])),
    "json negative zero": (get("/api/json/neg-zero"), value({"v": 0})),
    "json keeps the order of keys": (get("/api/json/key-order"), {"status": 200, "body": '{"b":1,"a":2,"10":"ten","2":"two"}'}),
    "json date": (get("/api/json/date"), value({"at": "1970-01-01T00:00:00.000Z"})),
    "json of nothing": (get("/api/json/noarg"), FAILED),
    "json with 500": (get("/api/json/status-500"), {"status": 500, "headers": JSON_TYPE, "json": {"error": "Server error!"}}),
    "json with headers": (get("/api/json/extra-headers"), value({"ok": 1}, **{"x-one": "1", "cache-control": "no-store"})),
    # status
    "negative status": (get("/api/status/-1"), FAILED),
    "status with a fraction": (get("/api/status/204.5?as=float"), FAILED),
    "status of 1xx": (get("/api/status/101"), FAILED),
    # redirect
    "redirect": (get("/api/redirect/default"), {"status": 307, "headers": {"location": "/login", "refresh": None}, "body": "/login"}),
    "redirect to a relative URL": (get("/api/redirect/relative"), {"status": 307, "headers": {"location": "next"}}),
    "redirect outside ASCII": (get("/api/redirect/latin1"), {"status": 307, "headers": {"location": "/caf%C3%A9"}}),
    "redirect with a line break": (get("/api/redirect/crlf"), FAILED),
    "redirect to nowhere": (get("/api/redirect/noargs"), FAILED),
    "redirect to None": (get("/api/redirect/null"), FAILED),
    "redirect with a status to None": (get("/api/redirect/status-null"), FAILED),
    "redirect with swapped arguments": (get("/api/redirect/swapped"), FAILED),
    "second redirect": (get("/api/redirect/twice"), {"status": 307, "headers": {"location": "/one"}, "body": "/one"}),
    # The low-level response
    "end bytes": (get("/api/low/end-buffer"), {"status": 200, "headers": {"etag": None, "content-length": "3"}, "body": "\x01\x02\x03"}),
    "end with nothing": (get("/api/low/end-empty"), {"status": 200, "headers": {"etag": None}, "body": ""}),
    "status attribute": (get("/api/low/status-code-prop"), {"status": 418, "body": "teapot"}),
    "append a header": (get("/api/low/append-header"), {"status": 200, "headers": {"x-app": "a, b"}, "body": "app"}),
    "remove a header": (get("/api/low/remove-header"), {"status": 200, "headers": {"x-gone": None}, "body": "rm"}),
    "cookie set twice": (get("/api/low/cookie-twice"), value({"ok": 1}, **{"set-cookie": "b=2"})),
    "write after the end": (get("/api/low/write-after-end"), {"status": 200, "body": "done"}),
    "delayed writes": (get("/api/low/delayed-write"), {"status": 200, "headers": {"content-type": "text/plain"}, "body": "one,two,three"}),
    # Preview
    "draft mode read from a wrong cookie": (
        get("/api/preview/no-read", ["Cookie", "__prerender_bypass=x; a=1"]),
        {"status": 200, "headers": {"set-cookie": f"__prerender_bypass={DROPPED}, __next_preview_data={DROPPED}"}, "json": {"ok": True}},
    ),
    "empty cookies of draft mode": (
        get("/api/preview/read", ["Cookie", "__prerender_bypass=; __next_preview_data="]),
        {"headers": {"set-cookie": None}, "json": {"preview": "undefined", "draftMode": "undefined", "previewData": False}},
    ),
    "preview data for a time and a path": (
        get("/api/preview/set-both"),
        value({"ok": "set"}, **{"set-cookie": rf"re:^__prerender_bypass=\w+{SHORT}, __next_preview_data=[\w.-]+{SHORT}$"}),
    ),
    "preview data cleared for a path": (
        get("/api/preview/clear-path"),
        value({"ok": "clear"}, **{"set-cookie": "re:^__prerender_bypass=; Path=/admin; Expires=Thu, 01 Jan 1970 .*=; Path=/admin; "}),
    ),
    "preview data after a cookie": (get("/api/preview/with-cookie"), value({"ok": "set"}, **{"set-cookie": "re:^mine=1, __prerender_b"})),
    "draft mode after cookies": (get("/api/preview/with-cookies"), value({"ok": "set"}, **{"set-cookie": "re:^m1=1, m2=2, __prerender_b"})),
    # Errors
    "raise what is no Exception": (get("/api/err/object"), FAILED),
    "TypeError": (get("/api/err/type-error"), FAILED),
    "headers of a failed handler": (get("/api/err/after-header"), {**FAILED, "headers": {**TEXT_TYPE, "x-before": None}}),
    "cookies of a failed handler": (get("/api/err/after-cookie"), FAILED),
    "error after the end": (get("/api/err/after-end"), {"status": 200, "body": "complete"}),
    "error that the handler catches": (
        get("/api/err/caught"),
        {"status": 500, "headers": JSON_TYPE, "json": {"error": "failed to load data"}},
    ),
    "raise the response": (get("/api/err/throw-response"), FAILED),
    "handler that never answers": (get("/api/hang/never"), FAILED),
    "handler that answers later": (get("/api/hang/late"), value({"late": True})),
    # Streams
    "pipe": (get("/api/stream/pipe"), {"status": 200, "headers": {"etag": None}, "body": "piped-data"}),
    "stream that fails midway": (get("/api/stream/error-midway"), {"outcome": "partial", "status": 200, "body": "part1;"}),
    # ETag
    "ETag of an empty text": (get("/api/etag/empty"), {"status": 200, "headers": {"etag": 're:^"'}, "body": ""}),
    "ETag of bytes": (get("/api/etag/buffer"), {"status": 200, "headers": {"etag": 're:^"'}, "body": "stable"}),
    "no ETag for end": (get("/api/etag/end", ["If-None-Match", "*"]), {"status": 200, "headers": {"etag": None}, "body": "stable"}),
    "304 keeps cookies and headers": (
        get("/api/etag/cookie", ["If-None-Match", "*"]),
        {"status": 304, "headers": {"etag": 're:^"', "set-cookie": "a=1", "x-keep": "yes"}, "body": ""},
    ),
    "empty If-None-Match": (get("/api/etag/json", ["If-None-Match", ""]), value({"v": "stable"})),
    "no 304 for POST": (ask("POST", "/api/etag/json", ["If-None-Match", "*"]), value({"v": "stable"})),
    "no 304 for PUT": (ask("PUT", "/api/etag/json", ["If-None-Match", "*"]), value({"v": "stable"})),
    "no 304 for DELETE": (ask("DELETE", "/api/etag/json", ["If-None-Match", "*"]), value({"v": "stable"})),
    "no 304 for OPTIONS": (ask("OPTIONS", "/api/etag/json", ["If-None-Match", "*"]), value({"v": "stable"})),
    "no 304 for 201": (get("/api/etag/s201", ["If-None-Match", "*"]), {"status": 201, "json": {"v": "stable"}}),
    # Compression
    "no-transform": (
        get("/api/compress/no-transform", ["Accept-Encoding", "gzip"]),
        {"status": 200, "headers": {"content-encoding": None, "vary": None}},
    ),
    "types that do not compress": (
        get("/api/compress/octet", ["Accept-Encoding", "gzip"]),
        {"headers": {"content-encoding": None, "vary": None}},
    ),
    "small bodies vary too": (
        get("/api/compress/json-small", ["Accept-Encoding", "gzip"]),
        {"headers": {"content-encoding": None, "vary": "Accept-Encoding"}},
    ),
    "low-level end": (
        get("/api/compress/end", ["Accept-Encoding", "gzip"]),
        {"headers": {"content-encoding": "gzip", "content-type": "text/plain"}},
    ),
    # CORS
    "allowed headers are reflected": (
        ask("OPTIONS", "/api/cors/default", *PREFLIGHT),
        {"status": 204, "headers": {"access-control-allow-headers": "X-A, X-B", "vary": "re:^Access-Control-Request-Headers"}},
    ),
    "empty list of origins": (
        ask("OPTIONS", "/api/cors/origin-empty-array", *PREFLIGHT),
        {"status": 204, "headers": {"access-control-allow-origin": None, "vary": "re:^Origin"}},
    ),
    "status of a preflight": (
        ask("OPTIONS", "/api/cors/success-200", *PREFLIGHT),
        {"status": 200, "headers": {"access-control-allow-origin": "*"}, "body": ""},
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(server: Server, name: str) -> None:
    request, check = RULES[name]
    assert compare_sensible(check, exchange(server.base_url, request), []) == []


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/api/etag/json", "{}", 304),
        ("/api/etag/json", "W/{}", 304),
        ("/api/etag/json", '"x", W/{}', 304),
        ("/api/etag/string", "{}", 304),
        ("/api/etag/buffer", "{}", 304),
        ("/api/etag/empty", "{}", 304),
        ("/api/etag/s404", "{}", 404),
    ],
)
def test_if_none_match(server: Server, path: str, form: str, status: int) -> None:
    etag = exchange(server.base_url, get(path)).get("etag")
    assert etag is not None
    assert exchange(server.base_url, get(path, ["If-None-Match", form.replace("{}", etag)])).status == status


def test_etag_without_its_quotes_does_not_match(server: Server) -> None:
    etag = exchange(server.base_url, get("/api/etag/json")).get("etag")
    assert etag is not None
    assert exchange(server.base_url, get("/api/etag/json", ["If-None-Match", etag.strip('"')])).status == 200
