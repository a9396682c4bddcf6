import json

from lib.answers import unknown_kind

TEXT = "lorem ipsum dolor sit amet " * 80


def handler(req, res):
    match req.query["kind"]:
        case "json":
            res.json({"text": TEXT})
        case "json-small":
            res.json({"text": "x" * 100})
        case "json-1023":
            send_typed(res, "application/json", '"' + "x" * 1021 + '"')
        case "json-1024":
            send_typed(res, "application/json", '"' + "x" * 1022 + '"')
        case "text":
            send_typed(res, "text/plain; charset=utf-8", TEXT)
        case "html":
            send_typed(res, "text/html", f"<p>{TEXT}</p>")
        case "untyped":
            res.send(TEXT)
        case "octet":
            res.send(TEXT.encode())
        case "png":
            send_typed(res, "image/png", TEXT.encode())
        case "svg":
            send_typed(res, "image/svg+xml", f"<svg>{TEXT}</svg>")
        case "vnd-json":
            send_typed(res, "application/vnd.api+json", json.dumps({"text": TEXT}, separators=(",", ":")))
        case "end":
            res.set_header("Content-Type", "text/plain")
            res.end(TEXT)
        case "stream":
            send_typed(res, "text/plain", iter(["small"]))
        case "no-transform":
            res.set_header("Cache-Control", "no-transform")
            send_typed(res, "text/plain", TEXT)
        case "pre-encoded":
            res.set_header("Content-Encoding", "identity")
            send_typed(res, "text/plain", TEXT)
        case "vary":
            res.set_header("Vary", "Origin")
            send_typed(res, "text/plain", TEXT)
        case "vary-star":
            res.set_header("Vary", "*")
            send_typed(res, "text/plain", TEXT)
        case "s404":
            send_typed(res.status(404), "text/plain", TEXT)
        case _:
            unknown_kind(res)


def send_typed(res, content_type, body):
    res.set_header("Content-Type", content_type)
    res.send(body)
