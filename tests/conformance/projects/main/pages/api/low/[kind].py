import json
import time

from lib.answers import unknown_kind


def handler(req, res):
    match req.query["kind"]:
        case "write-end":
            res.write("a")
            res.write("b")
            res.end("c")
        case "end-string":
            res.end("plain end")
        case "end-buffer":
            res.end(b"\x01\x02\x03")
        case "end-empty":
            res.end()
        case "end-callback":
            res.after(lambda: None)
            res.end("cb")
        case "write-head":
            res.write_head(201, {"X-A": "1", "Content-Type": "text/x-test"})
            res.end("wh")
        case "write-head-reason":  # ASGI has no reason phrase
            res.write_head(202, {"X-A": "2"})
            res.end("wr")
        case "status-code-prop":
            res.status_code = 418
            res.end("teapot")
        case "status-message-prop":
            res.end("msg")
        case "header-array":
            res.set_header("X-Multi", ["a", "b"])
            res.end("arr")
        case "header-number":
            res.set_header("X-Num", 42)
            res.end("num")
        case "header-undefined":
            res.set_header("X-Undef", None)
            res.end("x")
        case "append-header":
            res.set_header("X-App", "a")
            res.append_header("X-App", "b")
            res.end("app")
        case "remove-header":
            res.set_header("X-Gone", "1")
            res.remove_header("X-Gone")
            res.end("rm")
        case "override-header":
            res.set_header("X-Same", "1")
            res.set_header("x-same", "2")
            res.end("ov")
        case "get-headers":
            res.set_header("X-Case", "V")
            names = [name for name in res.get_headers() if name.startswith("x-case")]
            res.json({"got": res.get_header("x-case"), "has": res.has_header("X-CASE"), "names": names})
        case "header-crlf":
            res.set_header("X-Evil", "a\r\nX-Injected: 1")
            res.end("crlf")
        case "header-unicode":
            res.set_header("X-Uni", "日")
            res.end("uni")
        case "header-latin1":
            res.set_header("X-Lat", "café")
            res.end("lat")
        case "header-bad-name":
            res.set_header("X Bad", "1")
            res.end("bad")
        case "cookie-one":
            res.set_header("Set-Cookie", "a=1; Path=/; HttpOnly")
            res.json({"ok": 1})
        case "cookie-array":
            res.set_header("Set-Cookie", ["a=1; Path=/", "b=2; Secure"])
            res.json({"ok": 1})
        case "cookie-twice":
            res.set_header("Set-Cookie", "a=1")
            res.set_header("Set-Cookie", "b=2")
            res.json({"ok": 1})
        case "cookie-append":
            res.set_header("Set-Cookie", "a=1")
            res.append_header("Set-Cookie", "b=2")
            res.json({"ok": 1})
        case "set-after-end":
            res.end("done")
            res.set_header("X-Late", "1")
        case "write-after-end":
            res.end("done")
            res.write("more")
        case "status-after-end":
            res.end("done")
            res.status(500)
        case "explicit-length":
            res.set_header("Content-Length", 5)
            res.end("12345")
        case "json-after-write":
            res.write("partial")
            res.json({"a": 1})
        case "headers-sent":
            res.write(json.dumps({"before": res.headers_sent}, separators=(",", ":")))
            res.end(json.dumps({"after": res.headers_sent}, separators=(",", ":")))
        case "delayed-write":
            res.write_head(200, {"Content-Type": "text/plain"})
            res.write("one,")
            time.sleep(0.06)
            res.write("two,")
            time.sleep(0.06)
            res.end("three")
        case "text-type":
            res.set_header("Content-Type", "text/plain")
            res.end("typed")
        case "vary":
            res.set_header("Vary", "Origin")
            res.json({"v": 1})
        case "x-powered-by":
            res.set_header("X-Powered-By", "Mine")
            res.json({"v": 1})
        case "server-header":
            res.set_header("Server", "custom")
            res.set_header("Date", "Thu, 01 Jan 1970 00:00:00 GMT")
            res.json({"v": 1})
        case _:
            unknown_kind(res)
