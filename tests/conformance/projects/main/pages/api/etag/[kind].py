from lib.answers import unknown_kind

STABLE = {"v": "stable"}


def handler(req, res):
    match req.query["kind"]:
        case "json":
            res.json(STABLE)
        case "send-object":
            res.send(STABLE)
        case "string":
            res.send("stable")
        case "buffer":
            res.send(b"stable")
        case "empty":
            res.send("")
        case "s404" | "s500" | "s201" as kind:
            res.status(int(kind[1:])).json(STABLE)
        case "no-store":
            res.set_header("Cache-Control", "no-store")
            res.json(STABLE)
        case "last-modified":
            res.set_header("Last-Modified", "Thu, 01 Jan 2015 00:00:00 GMT")
            res.json(STABLE)
        case "end":
            res.end("stable")
        case "cookie":
            res.set_header("Set-Cookie", "a=1")
            res.set_header("X-Keep", "yes")
            res.json(STABLE)
        case _:
            unknown_kind(res)
