from datetime import UTC, datetime

from lib.answers import unknown_kind


async def handler(req, res):
    match req.query["kind"]:
        case "object":
            res.send({"a": 1, "b": "two"})
        case "array":
            res.send([1, 2, 3])
        case "string":
            res.send("hello")
        case "empty-string":
            res.send("")
        case "html":
            res.send("<p>hi</p>")
        case "unicode":
            res.send("héllo 世界")
        case "number":
            res.send(42)
        case "zero":
            res.send(0)
        case "float":
            res.send(1.5)
        case "true":
            res.send(True)
        case "false":
            res.send(False)
        case "null" | "undefined":
            res.send(None)
        case "noarg":
            res.send()
        case "buffer":
            res.send(b"\x00\x01\x02\xff")
        case "empty-buffer":
            res.send(b"")
        case "buffer-typed":
            res.set_header("Content-Type", "image/png")
            res.send(b"\x89PNG")
        case "uint8array":
            res.send(bytearray([1, 2]))
        case "bigint":
            res.send(10)
        case "symbol":
            res.send(object())
        case "function":
            res.send(handler)
        case "stream":
            res.send(iter(["chunk1", "chunk2"]))
        case "stream-typed":
            res.set_header("Content-Type", "text/csv")
            res.send(rows())
        case "date":
            res.send(datetime(1970, 1, 1, tzinfo=UTC))
        case "string-typed":
            res.set_header("Content-Type", "text/plain; charset=utf-8")
            res.send("typed")
        case "json-string-typed":
            res.set_header("Content-Type", "application/json")
            res.send('{"pre":"encoded"}')
        case "object-typed":
            res.set_header("Content-Type", "text/plain")
            res.send({"over": "ridden"})
        case "number-typed":
            res.set_header("Content-Type", "text/plain")
            res.send(7)
        case "s204-string":
            res.status(204).send("ignored")
        case "s204-null":
            res.status(204).send(None)
        case "s204-object":
            res.status(204).send({"a": 1})
        case "s204-json":
            res.status(204).json({"a": 1})
        case "s204-typed":
            res.set_header("Content-Type", "text/plain")
            res.set_header("Content-Length", 7)
            res.status(204).send("ignored")
        case "s304-string":
            res.status(304).send("ignored")
        case "s304-json":
            res.status(304).json({"a": 1})
        case "s205-string":
            res.status(205).send("reset")
        case "s404-string":
            res.status(404).send("nope")
        case "twice":
            res.send("first")
            res.send("second")
        case "json-then-send":
            res.json({"n": 1})
            res.send("second")
        case "after-end":
            res.end("ended")
            res.send("late")
        case "custom-etag":
            res.set_header("ETag", '"mine"')
            res.send("body-for-etag")
        case "custom-length":
            res.set_header("Content-Length", 999)
            res.send("short")
        case "chain":
            res.status(202).json({"chained": True})
        case _:
            unknown_kind(res)


async def rows():
    yield "a,b\n"
    yield "1,2\n"
