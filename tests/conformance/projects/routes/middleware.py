import asyncio
from datetime import UTC, datetime
from urllib.parse import quote

from slugline.middleware import go_on, redirect, respond, rewrite

UPSTREAM = "http://127.0.0.1:4399"

UNDER_M = (
    "exact", "one/:id", "opt/:id?", "plus/:rest+", "star/:rest*", "re/(\\d+)", "named/:n(\\d{1,3})", "alt/(a|b)", "neg/((?!skip).*)",
    "pre-:slug", "mid/:x/end", "ext/:file.txt", "grp/a{/:b}?", "dot/v1.0", "two/:a-:b",
)  # fmt: skip

config = {
    "matcher": [
        "/api/mw/:path*",
        "/api/guard/:path*",
        *(f"/api/m/{pattern}" for pattern in UNDER_M),
        {"source": "/api/m/has-header", "has": [{"type": "header", "key": "x-need"}]},
        {"source": "/api/m/has-header-value", "has": [{"type": "header", "key": "x-need", "value": "yes"}]},
        {"source": "/api/m/has-query", "has": [{"type": "query", "key": "q", "value": "1"}]},
        {"source": "/api/m/has-cookie", "has": [{"type": "cookie", "key": "c", "value": "on"}]},
        {"source": "/api/m/has-host", "has": [{"type": "host", "value": "app.example"}]},
        {"source": "/api/m/missing", "missing": [{"type": "header", "key": "x-skip"}]},
        {
            "source": "/api/m/both",
            "has": [{"type": "query", "key": "yes"}],
            "missing": [{"type": "query", "key": "no"}],
        },
        {"source": "/api/m/prefetch", "missing": [{"type": "header", "key": "purpose", "value": "prefetch"}]},
        "/guarded/:path*",
        "/about",
        "/ssg",
        "/ssr",
        "/robots.txt",
        "/nowhere",
    ]
}


async def middleware(req):
    path = req.next_url.path
    if path.startswith(("/api/guard", "/guarded")):
        if req.headers.get("authorization") != "Bearer t0ken":
            return respond({"error": "unauthorized"}, status=401, headers={"WWW-Authenticate": "Bearer"})
        return go_on(request_headers={**req.headers, "x-from-mw": "1"})
    if not path.startswith("/api/mw/"):
        return go_on(request_headers={**req.headers, "x-from-mw": "1"}, headers={"x-mw": "1"})
    return await run_kind(path.removeprefix("/api/mw/"), req)


async def run_kind(kind, req):
    url = req.next_url
    to = url.join
    headers = dict(req.headers)
    match kind:
        case "next":
            return go_on()
        case "none":
            return
        case "null":
            return None
        case "order":
            return go_on(headers={"x-order": "proxy"})
        case "req-add":
            return go_on(request_headers={**headers, "x-from-mw": "1", "x-added": "by-proxy"})
        case "req-replace":
            return go_on(request_headers={**headers, "x-from-mw": "1", "x-client": "replaced"})
        case "req-delete":
            headers.pop("x-client", None)
            return go_on(request_headers={**headers, "x-from-mw": "1"})
        case "req-only":
            return go_on(request_headers={"x-added": "only"})
        case "req-cookie":
            return go_on(request_headers=with_cookies(headers, {**req.cookies, "injected": "yes"}))
        case "req-cookie-delete":
            return go_on(request_headers=with_cookies(headers, {name: value for name, value in req.cookies.items() if name != "gone"}))
        case "next-headers-option":
            return go_on(headers={"x-to-client": "yes"})
        case "res-header":
            return go_on().set_header("x-res", "set").append_header("x-multi", "a").append_header("x-multi", "b")
        case "res-content-type":
            return go_on(headers={"content-type": "text/x-proxy", "cache-control": "max-age=9"})
        case "next-status":
            return go_on(status=418)
        case "cookie-set":
            return (
                go_on()
                .set_cookie("a", "1")
                .set_cookie(
                    "b", "two words", http_only=True, max_age_seconds=60, path="/x", same_site="lax", secure=True, domain="example.com"
                )
            )
        case "cookie-object":
            return go_on().set_cookie("c", "3", expires=datetime.fromtimestamp(0, UTC))
        case "cookie-delete":
            return go_on().delete_cookie("old")
        case "cookie-append-header":
            return go_on().append_header("set-cookie", "raw1=1").append_header("set-cookie", "raw2=2; Path=/")
        case "cookie-both":
            return rewrite(to("/api/h-cookie")).set_cookie("p", "1")
        case "header-both":
            return rewrite(to("/api/h-override"), headers={"x-over": "proxy", "x-proxy-only": "1"})
        case "cookie-read":
            found = req.cookies.get("k")
            return respond(
                {
                    "all": [{"name": name, "value": value} for name, value in req.cookies.items()],
                    "has": "k" in req.cookies,
                    "get": None if found is None else {"name": "k", "value": found},
                }
            )
        case "rewrite":
            return rewrite(to("/api/target/rewritten?rw=1"))
        case "rewrite-clone":
            return rewrite(url.replace(path="/api/target/cloned"))
        case "rewrite-addq":
            return rewrite(url.replace(path="/api/target", query={**url.query, "added": "1"}))
        case "rewrite-dropq":
            return rewrite(url.replace(path="/api/target", query={}))
        case "rewrite-file":
            return rewrite(to("/robots.txt"))
        case "rewrite-page":
            return rewrite(to("/ssr?via=proxy"))
        case "rewrite-missing":
            return rewrite(to("/api/nope/nope"))
        case "rewrite-before":
            return rewrite(to("/bf/from-proxy"))
        case "rewrite-after":
            return rewrite(to("/af-used/from-proxy"))
        case "rewrite-guard":
            return rewrite(to("/api/guard/secret"))
        case "rewrite-self":
            return rewrite(to("/api/mw/next"))
        case "rewrite-external":
            return rewrite(f"{UPSTREAM}/ext?from=proxy")
        case "rewrite-headers":
            changed = {**headers, "x-from-mw": "1", "x-added": "rw"}
            return rewrite(to("/api/target/hdrs"), request_headers=changed, headers={"x-res": "rw"})
        case "rewrite-status":
            return rewrite(to("/api/target/st"), status=202)
        case "rewrite-relative":
            return rewrite("/api/target")
        case "redirect":
            return redirect(to("/api/target?r=1"))
        case "redirect-301" | "redirect-302" | "redirect-303" | "redirect-308":
            return redirect(to("/api/target"), int(kind.removeprefix("redirect-")))
        case "redirect-external":
            return redirect("https://example.com/login?next=/a")
        case "redirect-hash":
            return redirect(to("/api/target#frag"))
        case "redirect-relative":
            return redirect("/api/target")
        case "redirect-bad-status":
            return redirect(to("/api/target"), 200)
        case "redirect-cookie":
            return redirect(to("/api/target"), headers={"x-res": "redir"}).set_cookie("seen", "1")
        case "redirect-native":
            return redirect(to("/api/target"), 302)
        case "redirect-clone":
            return redirect(url.replace(path="/api/target/redirected"))
        case "location-relative":
            return respond(status=307, headers={"Location": "/api/target"})
        case "location-200":
            return respond("not a redirect", headers={"Location": "/api/target"})
        case "location-201":
            return respond(status=201, headers={"Location": "/api/target/new"})
        case "json":
            return respond({"success": False, "message": "authentication failed"}, status=401)
        case "next-json":
            return respond({"name": "proxy"}, status=202, headers={"x-res": "json"})
        case "text":
            return respond("hello from proxy", headers={"content-type": "text/plain"})
        case "text-default":
            return respond("hello from proxy")
        case "bytes":
            return respond(b"\x00\x01\x02\xff")
        case "empty":
            return respond(status=401)
        case "s204" | "s304":
            return respond(status=int(kind.removeprefix("s")))
        case "stream":
            return respond(iter(["part1-", "part2"]))
        case "cookies-json":
            return respond({"ok": 1}).set_cookie("x", "1").set_cookie("y", "2")
        case "throw":
            raise RuntimeError("middleware error")
        case "reject":
            return await fail_later()
        case "not-response":
            return {"not": "a response"}
        case "read-body":
            text = await req.text()
            return respond({"length": len(text), "text": text})
        case "read-json":
            return respond({"got": await req.json()})
        case "read-then-next":
            return go_on(headers={"x-body-length": str(len(await req.text()))})
        case "url":
            return respond(
                {
                    "method": req.method,
                    "pathname": url.path,
                    "search": url.search,
                    "params": url.pairs,
                    "basePath": url.base_path,
                    "locale": "",
                    "hash": f"#{url.fragment}" if url.fragment else "",
                }
            )
        case "headers":
            names = {
                "client": "x-client",
                "sub": "x-middleware-subrequest",
                "rewrite": "x-middleware-rewrite",
                "skip": "x-middleware-skip",
                "nextdata": "x-nextjs-data",
            }
            return respond({key: req.headers.get(name) for key, name in names.items()})
        case "wait-until":
            return go_on().after(asyncio.sleep, 0.2)
        case "internal-headers":
            return respond("x", headers={"x-middleware-custom": "kept", "x-middleware-request-foo": "bar", "content-length": "1"})
    return go_on(request_headers={**headers, "x-from-mw": "1"})


def with_cookies(headers, cookies):
    return {**headers, "cookie": "; ".join(f"{name}={quote(value)}" for name, value in cookies.items())}


async def fail_later():
    await asyncio.sleep(0)
    raise RuntimeError("middleware rejection")
