"""What `send` makes of a value: /api/send/text, /api/send/json, /api/send/bytes, /api/send/html, /api/send/chunks."""

from slugline import ApiError, Request, Response


def handler(req: Request, res: Response) -> None:
    match req.query["kind"]:
        case "text":
            res.send("Hello")
        case "json":
            res.send({"text": "Hello"})
        case "bytes":
            res.send(b"\x00\x01\x02")
        case "html":
            res.set_header("Content-Type", "text/html; charset=utf-8").send("<h1>Hello</h1>")
        case "chunks":
            res.send(f"line {number}\n" for number in range(3))
        case kind:
            raise ApiError(404, f"Nothing is sent for {kind}.")
