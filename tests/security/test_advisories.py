"""What Next.js was attacked with, tried here: a test for each advisory that applies, on both servers, byte for byte.

An advisory that is about React Server Components, Server Functions, the image optimiser or nonces of Content-Security-Policy has
nothing here that it could be tried on.
"""

import json
import socket
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from behaviour.wire import Answer, Fields
from dev.dev_process import DevProcess
from security.guarded_project import ALLOWED, Guarded, open_guarded, write_files
from servers import STARTERS

SECRET_SIGNS = (b"SECRET", b'"secret":true', b'"secret": true')


@pytest.fixture(scope="module", params=list(STARTERS))
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with open_guarded(request.param, tmp_path_factory.mktemp("guarded")) as opened:
        yield opened


def ask(guarded: Guarded, target: str, *fields: tuple[str, str], method: str = "GET", body: bytes = b"") -> Answer:
    return guarded.site.ask(target, method, fields, body)


def shows_secret(answer: Answer | None) -> bool:
    return answer is not None and any(sign in answer.body for sign in SECRET_SIGNS)


def test_the_guard_stands_and_opens(guarded: Guarded) -> None:
    for target in ("/api/guard", "/api/guard/x", "/guarded/x", "/", "/account", "/private/notes.txt", "/api/app/admin/x"):
        refused, allowed = ask(guarded, target), ask(guarded, target, ALLOWED)
        assert (refused.status, allowed.status) == (401, 200), target
        assert shows_secret(allowed), target
        assert not shows_secret(refused), target


# Headers that skipped the middleware

SUBREQUESTS = [
    *("1", "true", "middleware", "src/middleware", "pages/_middleware", "proxy", "src/proxy", "middleware.py"),
    *(":".join([name] * 5) for name in ("middleware", "src/middleware", "proxy", "src/proxy")),
]
INTERNAL_FIELDS: Fields = (
    *(("x-middleware-next", "1"), ("x-middleware-skip", "1"), ("x-middleware-invoke", "1"), ("x-middleware-rewrite", "/api/guard/x")),
    *(("x-middleware-redirect", "/x"), ("x-middleware-override-headers", "authorization"), ("x-middleware-set-cookie", "a=1")),
    *(("x-middleware-request-authorization", "Bearer t0ken"), ("x-invoke-path", "/api/guard/x"), ("x-invoke-status", "200")),
    *(("x-matched-path", "/api/guard/[[...path]]"), ("x-now-route-matches", "1=x"), ("x-nextjs-data", "1"), ("next-resume", "1")),
    *(("x-slugline-skip", "1"), ("x-middleware-prefetch", "1"), ("purpose", "prefetch"), ("rsc", "1"), ("next-router-prefetch", "1")),
)


@pytest.mark.parametrize("value", SUBREQUESTS)
def test_cve_2025_29927_no_header_skips_the_middleware(guarded: Guarded, value: str) -> None:
    for name in ("x-middleware-subrequest", "X-Middleware-Subrequest", "x-middleware-subrequest-id"):
        assert ask(guarded, "/api/guard/x", (name, value)).status == 401


@pytest.mark.parametrize("field", INTERNAL_FIELDS, ids=lambda field: field[0])
def test_cve_2025_29927_nor_any_of_its_kin(guarded: Guarded, field: tuple[str, str]) -> None:
    for fields in ((field,), INTERNAL_FIELDS):
        refused = ask(guarded, "/api/guard/x", *fields)
        assert (refused.status, refused.body) == (401, b'{"error":"unauthorized"}')
        opened = json.loads(ask(guarded, "/api/open", *fields).body)
        assert opened == {"secret": False, "params": {}, "query": {}, "user": None}


def test_hole_of_16_4_6_the_header_that_asks_for_a_revalidation(guarded: Guarded) -> None:
    # There, the id that it has to hold is the value of the cookie of draft mode.
    for value in ("1", "bogus", "0" * 32):
        for name in ("x-prerender-revalidate", "x-prerender-bypass", "x-prerender-revalidate-if-generated"):
            answer = ask(guarded, "/api/guard/x", (name, value), ("Cookie", f"__prerender_bypass={value}"))
            assert answer.status == 401


def test_hole_of_16_4_6_the_id_of_draft_mode_opens_nothing_else(guarded: Guarded) -> None:
    draft = ask(guarded, "/api/draft").header("set-cookie") or ""
    cookie = draft.partition(";")[0]
    value = cookie.partition("=")[2]
    assert len(value) >= 32
    for fields in ((("x-prerender-revalidate", value),), (("x-prerender-revalidate", value), ("Cookie", cookie)), (("Cookie", cookie),)):
        assert ask(guarded, "/api/guard/x", *fields).status == 401


def test_cve_2025_30218_no_internal_header_leaves_for_another_server(guarded: Guarded) -> None:
    guarded.upstream.seen.clear()
    ask(guarded, "/up/x")
    ask(guarded, "/mw/replaced")
    assert [target for _, target, _, _ in guarded.upstream.seen] == ["/up/x", "/up/replaced"]
    usual = {"host", "x-forwarded-host", "x-forwarded-for", "x-forwarded-proto", "accept", "accept-encoding", "connection"}
    for _, target, fields, _ in guarded.upstream.seen:
        assert {name.lower() for name, _ in fields} - usual == ({"x-user"} if target == "/up/replaced" else set())


# Other names of a guarded page


def test_cve_2024_51479_pages_at_the_root_are_guarded_too(guarded: Guarded) -> None:
    for target in ("/account", "/account?x", "/?x=/api/open", "/", "/account?path=/api/open"):
        answer = ask(guarded, target)
        assert answer.status == 401
        assert not shows_secret(answer)


VARIANTS = [
    *("/account.json", "/account.rsc", "/account.html", "/account.txt", "/account/index", "/account/index.json", "/index", "/index.html"),
    *("/_next/data/build/account.json", "/_next/data/development/account.json", "/_next/data/account.json", "/_next/data/build/index.json"),
    *("/_next/data/build/en/account.json", "/en/account", "/en-US/account", "/fr/account", "/default/account", "/_next/account"),
    *("/account?_rsc=1", "/account?__nextDataReq=1", "/account?__nextLocale=fr", "/account?__nextDefaultLocale=fr", "/account.segments/x"),
    *("/account;x=1", "/account%20", "/account.", "/account%2e", "/Account", "/ACCOUNT", "/%61ccount", "/acc%6Funt", "/%2561ccount"),
    *(
        "/_slugline/make/account",
        "/_slugline/make/",
        "/private/notes.txt.",
        "/private%2Fnotes.txt",
        "/PRIVATE/notes.txt",
        "/private//notes.txt",
    ),
    *("/private/./notes.txt", "/x/../private/notes.txt", "/private/%2e/notes.txt", "/private\\notes.txt", "/private%5Cnotes.txt"),
    *(
        "/api/app/admin%2Fx",
        "/api/app/%61dmin/x",
        "/api/app//admin/x",
        "/api/app/admin%2fx",
        "/api/app/admin/",
        "/api/app/x%2F..%2Fadmin%2Fx",
    ),
]


@pytest.mark.parametrize("target", VARIANTS)
def test_cve_2026_44573_44575_45109_64642_a_page_has_one_path(guarded: Guarded, target: str) -> None:
    for fields in ((), (("RSC", "1"),), (("x-nextjs-data", "1"),), (("Next-Router-Prefetch", "1"), ("purpose", "prefetch"))):
        for method in ("GET", "HEAD", "POST"):
            answer = ask(guarded, target, *fields, method=method)
            assert answer.status in (308, 400, 401, 403, 404)
            assert not shows_secret(answer)


def test_cve_2026_44574_a_query_changes_no_parameter(guarded: Guarded) -> None:
    fields = (("x-now-route-matches", "1=secret"), ("x-matched-path", "/api/dyn/secret"))
    for query in ("nxtPid=secret&id=secret", "nxtIid=secret", "id=secret&id=secret", "%69d=secret"):
        found = json.loads(ask(guarded, f"/api/dyn/public?{query}", *fields).body)
        assert found["params"] == {"id": "public"}
        assert found["query"]["id"] == "public"


def test_hole_of_16_4_6_case_counts_for_matchers_and_rules_alike(guarded: Guarded) -> None:
    assert ask(guarded, "/guarded/x").status == 401
    assert ask(guarded, "/guarded/x", ALLOWED).status == 200
    for target in ("/GUARDED/x", "/Guarded/x", "/guardeD", "/api/GUARD/x", "/API/guard/x", "/%47uarded/x"):
        assert ask(guarded, target).status == 404


def test_hole_of_16_4_6_an_encoded_letter_is_the_letter(guarded: Guarded) -> None:
    for target in ("/api/%67uard/x", "/api/guar%64/x", "/%61pi/guard", "/guarde%64/x", "/g%75arded", "/%61%63%63%6f%75%6e%74"):
        assert ask(guarded, target).status == 401, target
        assert shows_secret(ask(guarded, target, ALLOWED)), target
    for target in ("/api/%2567uard/x", "/api/%c1%a7uard/x", "/api/%ef%bd%87uard/x"):
        assert ask(guarded, target).status in (400, 404), target


# Caches


def test_cve_2026_44572_a_redirect_stays_a_redirect(guarded: Guarded) -> None:
    for target in ("/moved", "/mw/redirect"):
        answer = ask(guarded, target, ("x-nextjs-data", "1"), ("RSC", "1"))
        assert (answer.status, answer.header("location")) == (307, "/api/open")
        assert not [name for name, _ in answer.fields if name.startswith(("x-nextjs", "x-middleware"))]


def test_cve_2024_46982_no_header_makes_a_page_for_each_visitor_one_for_all(guarded: Guarded) -> None:
    expected = ask(guarded, "/ssr?name=ada")
    assert "private" in (expected.header("cache-control") or "")
    for query in ("&__nextDataReq=1", "&nxtPname=x", ""):
        answer = ask(guarded, f"/ssr?name=ada{query}", ("x-now-route-matches", "1"), ("x-nextjs-data", "1"), ("x-matched-path", "/ssr"))
        assert answer.body == b"for ada"
        assert answer.header("cache-control") == expected.header("cache-control")
    assert ask(guarded, "/ssr?name=grace").body == b"for grace"


def test_cve_2025_32421_what_a_first_visitor_sends_is_not_kept(guarded: Guarded) -> None:
    poison: Fields = (
        ("x-now-route-matches", "1=evil"),
        ("Cookie", "sid=secret; __prerender_bypass=bogus"),
        ("X-Forwarded-Host", "evil.example"),
    )
    first = ask(guarded, "/post/poisoned?slug=evil&nxtPslug=evil&__nextDataReq=1", *poison)
    second = ask(guarded, "/post/poisoned")
    assert first.body == second.body == b"post poisoned"
    assert second.header("x-nextjs-cache") == "HIT"
    assert not second.header("set-cookie")
    assert b"evil" not in second.head


def test_cve_2025_49826_cve_2023_46298_no_empty_answer_is_kept(guarded: Guarded) -> None:
    fields = (("x-middleware-prefetch", "1"), ("x-nextjs-data", "1"), ("purpose", "prefetch"), ("RSC", "1"))
    for method in ("HEAD", "GET", "OPTIONS", "POST"):
        ask(guarded, "/post/empty", *fields, method=method)
    answer = ask(guarded, "/post/empty")
    assert (answer.status, answer.body) == (200, b"post empty")
    assert (answer.header("content-type") or "").startswith("text/html")


def test_cve_2025_49005_cve_2026_44576_44582_no_header_chooses_another_body(guarded: Guarded) -> None:
    expected = ask(guarded, "/post/one")
    for fields in ((("RSC", "1"),), (("Next-Router-State-Tree", "x"), ("Next-Url", "/x")), (("Accept", "text/x-component"),)):
        answer = ask(guarded, "/post/one", *fields)
        assert (answer.status, answer.body, answer.header("etag")) == (200, expected.body, expected.header("etag"))
    # The one that does is named.
    assert "accept-encoding" in (expected.header("vary") or "").lower()


# Other servers


def test_cve_2025_57822_a_header_of_the_request_is_none_of_the_answer(guarded: Guarded) -> None:
    for name in ("Location", "x-middleware-rewrite", "Refresh", "Set-Cookie", "Content-Location"):
        answer = ask(guarded, "/mw/on", (name, "https://evil.example/"))
        assert answer.header("x-on") == "1"
        assert answer.status == 404
        assert b"evil" not in answer.head
    guarded.upstream.seen.clear()
    ask(guarded, "/api/guard/x", ALLOWED, ("Location", f"{guarded.upstream.url}/stolen"))
    assert not guarded.upstream.seen


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
TWO_FRAMINGS = [
    b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 4\r\n",
    b"Transfer-Encoding : chunked\r\nContent-Length: 4\r\n",
    b"Content-Length: 4\r\nContent-Length: 5\r\n",
    b"Content-Length: +4\r\n",
    b"Content-Length: 0x4\r\n",
]


@pytest.mark.parametrize("framing", TWO_FRAMINGS)
def test_cve_2024_34350_no_request_hides_in_another(guarded: Guarded, framing: bytes) -> None:
    guarded.upstream.seen.clear()
    body = b"0\r\n\r\n" + SMUGGLED
    for method in (b"POST", b"GET", b"DELETE"):
        guarded.site.wire.exchange(
            method + b" /up/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + framing + b"\r\n" + body, half_close=True
        )
    assert not [target for _, target, _, _ in guarded.upstream.seen if "smuggled" in target]


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "POST", "PATCH"])
def test_cve_2026_29057_a_chunked_body_arrives_as_one_body(guarded: Guarded, method: str) -> None:
    guarded.upstream.seen.clear()
    chunks = b"24\r\n" + SMUGGLED[:36].ljust(36, b"x") + b"\r\n0\r\n\r\n"
    head = f"{method} /up/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    answer = guarded.site.wire.exchange(head + chunks)
    assert answer is not None
    assert answer.status == 200
    assert [(seen, target, body) for seen, target, _, body in guarded.upstream.seen] == [(method, "/up/x", SMUGGLED[:36].ljust(36, b"x"))]


HANDSHAKE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"


def test_cve_2026_44578_a_target_with_a_host_is_not_fetched_from_there(guarded: Guarded) -> None:
    guarded.upstream.seen.clear()
    host = guarded.upstream.url.encode()
    for rest in (b"Connection: close\r\n\r\n", HANDSHAKE):
        for target in (host + b"/stolen", b"/stolen#" + host, host.replace(b"http", b"ws") + b"/stolen"):
            answer = guarded.site.wire.exchange(
                b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n" + rest, half_close=rest is not HANDSHAKE
            )
            assert answer is None or answer.status >= 400 or (answer.status == 308 and host not in answer.head)
    assert not guarded.upstream.seen


def test_ghsa_89xv_2m56_2m9x_cve_2024_34351_the_origin_is_not_what_a_client_says(guarded: Guarded) -> None:
    with socket.create_server(("127.0.0.1", 0)) as evil:
        evil.settimeout(0)
        name = f"127.0.0.1:{evil.getsockname()[1]}"
        forwarded = (("X-Forwarded-Host", name), ("X-Forwarded-Proto", "https"), ("Forwarded", f"host={name}"))
        for target in ("/mw/origin", "/mw/redirect", "/api/revalidate", "/post/fetched", "/moved"):
            with guarded.site.wire.connect() as connection:
                lines = "".join(f"{key}: {value}\r\n" for key, value in forwarded)
                connection.send(f"GET {target} HTTP/1.1\r\nHost: {name}\r\n{lines}\r\n".encode())
                answer = connection.read_answer()
            assert name.encode() not in answer.head + answer.body, target
            if target == "/mw/origin":
                # The scheme a proxy may say: uvicorn believes one on this machine.
                assert json.loads(answer.body)["href"].partition("://")[2] == f"127.0.0.1:{guarded.site.port}/mw/origin"
            if target == "/api/revalidate":
                assert json.loads(answer.body) == {"made": True}
        with pytest.raises(BlockingIOError):
            evil.accept()  # nobody came


@pytest.mark.parametrize(
    "target",
    [
        *(
            "//evil.example",
            "//evil.example/",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example/",
            "/%5Cevil.example/",
            "/%2Fevil.example/",
        ),
        *(
            "//evil.example/%2e%2e",
            "//evil.example//",
            "/go//evil.example",
            "/go/%2Fevil.example",
            "/go/%5C%5Cevil.example",
            "/go/%09/evil.example",
        ),
        *("/go/\\evil.example", "/go/%2F%2Fevil.example", "/go/https:evil.example", "/go/https:%2F%2Fevil.example", "/go/;@evil.example"),
        *("/evil.example%2F..", "//evil.example/?x", "/.//evil.example/", "//%65vil.example/"),
    ],
)
def test_cve_2020_15242_cve_2021_37699_no_redirect_leads_to_another_site(guarded: Guarded, target: str) -> None:
    answer = guarded.site.wire.exchange(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer is not None
    location = answer.header("location")
    if location is not None:
        assert location.startswith("/")
        assert not location.replace("\\", "/").replace("\t", "").startswith("//")


def test_a_parameter_cannot_change_the_host_of_a_redirect(guarded: Guarded) -> None:
    assert ask(guarded, "/to/shop").header("location") == "https://shop.example.com/"
    for value in ("127.0.0.1%3A80%2F", "evil.example%2F", "evil.example%23", "a%40evil.example", "evil.example%3F", "%00", "evil%5C"):
        assert ask(guarded, f"/to/{value}").header("location") is None


# What stops a server


MALFORMED = [
    *("/%", "/%zz", "/api/dyn/%", "/api/dyn/%E0%A4%A", "/api/guard/%ff", "/post/%C0%AF", "/_next/%E0%A4%A", "/go/%", "/guarded/%E0%A4%A"),
    *("/up/%E0%A4%A", "/mw/%ff", "/private/%", "/account%", "/?%", "/api/dyn/%00", "/%2e%2e%2f%", "/to/%ff", "/api/app/%ff"),
    "/" + "a/" * 4000,
    "/" + "%61" * 2500,
    "/api/dyn/" + "%25" * 2500,
]


@pytest.mark.parametrize("target", MALFORMED, ids=lambda target: target[:24])
def test_cve_2021_43803_cve_2022_21721_cve_2022_36046_no_path_stops_the_server(guarded: Guarded, target: str) -> None:
    before = guarded.site.server.process_ids()
    for method in ("GET", "POST", "OPTIONS"):
        answer = ask(guarded, target, method=method)
        assert answer.status < 500 or answer.status == 505
        assert not shows_secret(answer)
    assert ask(guarded, "/api/open").status == 200
    assert guarded.site.server.process_ids() == before


@pytest.mark.parametrize(
    "target",
    [
        *(
            "/_next/../middleware.py",
            "/_next/static/../../middleware.py",
            "/..%2fmiddleware.py",
            "/%2e%2e/middleware.py",
            "/..\\middleware.py",
        ),
        *("/private/..%2f..%2fmiddleware.py", "/notes.txt/../../middleware.py", "/notes.txt%00.html", "/%2e%2e%5cmiddleware.py"),
        *("/....//middleware.py", "/guarded/../../../middleware.py", "/up/../../middleware.py", "/up/..%2f..%2fmiddleware.py"),
    ],
)
def test_cve_2020_5284_cve_2018_6184_cve_2017_16877_no_way_out_of_public(guarded: Guarded, target: str) -> None:
    guarded.upstream.seen.clear()
    answer = ask(guarded, target, ALLOWED)
    assert b"def middleware" not in answer.body
    assert answer.status in (308, 400, 404)
    # Nor out of the folder of another server that a rewrite stands for.
    assert not guarded.upstream.seen


@pytest.mark.parametrize(
    "target",
    [
        *(
            "/api\\guard\\x",
            "/api%5Cguard%5Cx",
            "/api/guard::$DATA",
            "/api/open::$DATA",
            "/api/open.py::$DATA",
            "/C:/api/open",
            "/api/open:x",
        ),
        *(
            "/api/CON",
            "/api/aux",
            "/api/nul.py",
            "/api/open.",
            "/api/open%20",
            "/API/OPEN",
            "/api/Open",
            "/api/OPEN.PY",
            "/Notes.txt",
            "/NOTES.TXT",
        ),
        *(
            "/notes.txt::$DATA",
            "/notes.txt.",
            "/notes.txt%20",
            "/private%5Cnotes.txt",
            "/PRIVATE/NOTES.TXT",
            "/NOTES~1.TXT",
            "//localhost/c$/x",
        ),
        *("/%5C%5Clocalhost%5Cc$", "/api/open%00", "/api/dyn\\..\\..\\..\\middleware.py"),
    ],
)
def test_cve_2026_75604_names_of_windows_name_nothing(guarded: Guarded, target: str) -> None:
    answer = ask(guarded, target)
    assert answer.status in (308, 400, 401, 404)
    assert answer.body != b"notes"
    assert not shows_secret(answer)


def test_cve_2025_48068_cve_2026_27977_the_development_server_knows_its_pages(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("dev")
    write_files(root, {"pages/api/fails.py": "def handler(req, res):\n    raise ValueError('SECRET')\n"})
    with DevProcess(root, {}) as dev:
        for host, fields in (
            ("evil.example", ()),
            ("localhost", [("Origin", "https://evil.example")]),
            ("localhost", [("Origin", "null")]),
        ):
            assert dev.ask("/_slugline/live", fields=fields, host=host).status == 403
            assert b"SECRET" not in dev.ask("/api/fails", fields=[*fields, ("Accept", "text/html")], host=host).body
        assert b"SECRET" in dev.ask("/api/fails", fields=[("Accept", "text/html")]).body


# WebSockets


@pytest.mark.parametrize("path", ["/api/guard/socket", "/guarded/socket", "/api/%67uard/socket", "/api/guard/%73ocket"])
def test_a_socket_of_a_guarded_path_is_guarded(guarded: Guarded, path: str) -> None:
    url = f"ws://127.0.0.1:{guarded.site.port}{path}"
    for fields in ({}, {"x-middleware-subrequest": "middleware:middleware:middleware:middleware:middleware"}, {"x-nextjs-data": "1"}):
        with pytest.raises(InvalidStatus) as refused:
            connect(url, additional_headers=fields, open_timeout=10)
        assert refused.value.response.status_code == 401
    with connect(url, additional_headers=dict([ALLOWED]), open_timeout=10) as socket:
        socket.send("hello")
        assert socket.recv(timeout=10) == "hello"


@pytest.mark.parametrize(
    "path", ["/api/GUARD/socket", "//api/guard/socket", "/api/guard/socket/", "/api/guard%2Fsocket", "/api\\guard\\socket"]
)
def test_another_spelling_opens_no_socket(guarded: Guarded, path: str) -> None:
    answer = guarded.site.wire.exchange(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: localhost\r\n" + HANDSHAKE)
    assert answer is None or answer.status >= 400


def test_a_socket_that_nothing_guards_is_open(guarded: Guarded) -> None:
    with connect(f"ws://127.0.0.1:{guarded.site.port}/api/open_socket", open_timeout=10) as socket:
        socket.send("hello")
        assert socket.recv(timeout=10) == "hello"


# What a guard says goes further than it looks


def test_a_mounted_application_sees_the_headers_that_the_middleware_gave(guarded: Guarded) -> None:
    forged = json.loads(ask(guarded, "/api/app/admin/x", ALLOWED, ("x-user", "root")).body)
    assert (forged["path"], forged["user"]) == ("/api/app/admin/x", "7")
