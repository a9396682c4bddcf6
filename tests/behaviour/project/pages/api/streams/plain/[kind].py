import io
import time
from pathlib import Path

import notebook


def numbers(count):
    for number in range(count):
        yield f"{number}\n"


def endless(key):
    sent = 0
    try:
        while True:
            sent += 1
            if sent % 16 == 0:
                notebook.NOTES[f"{key}-sent"] = [sent]
            yield b"x" * 65536
    finally:
        notebook.note(key, "closed")


def failing():
    yield "first\n"
    yield "second\n"
    raise RuntimeError("hidden-word-91c2")


def stepwise(req):
    yield "first\n"
    while not notebook.is_open(req.query["gate"]):
        time.sleep(0.01)
    yield "second\n"


def ticking(key, stop_at=1000):
    try:
        for number in range(stop_at):
            yield f"{number}\n"
            time.sleep(0.01)
    finally:
        notebook.note(key, "closed")


def handler(req, res):
    kind = req.query["kind"]
    key = req.query.get("key")
    match kind:
        case "generator":
            res.send(numbers(1000))
        case "iterator":
            res.send(iter([b"a", "b", bytearray(b"c")]))
        case "file":
            res.send(open(Path(__file__).parents[4] / "data" / "letters.txt", "rb"))
        case "path":
            res.send(Path(__file__).parents[4] / "data" / "letters.txt")
        case "bytes-io":
            res.send(io.BytesIO(b"z" * 100_000))
        case "missing-file":
            res.send(Path("/nowhere/hidden-word-91c2"))
        case "failing":
            res.send(failing())
        case "failing-length":
            res.set_header("content-length", 1000).send(failing())
        case "short":
            res.set_header("content-length", 1000).send(iter(["too short"]))
        case "wrong-chunk":
            res.send(iter(["right\n", 5]))
        case "stepwise":
            res.send(stepwise(req))
        case "endless":
            res.send(endless(key))
        case "ticking":
            res.send(ticking(key))
        case "write":
            res.write("one ")
            res.write(b"two ")
            res.end("three")
        case "write-raise":
            res.write("one ")
            raise RuntimeError("hidden-word-91c2")
        case "write-unended":
            res.write("one ")
        case "write-endless":
            write_for_ever(res, key)
        case "write-step":
            res.write("first\n")
            while not notebook.is_open(req.query["gate"]):
                time.sleep(0.01)
            res.end("second\n")


def write_for_ever(res, key):
    sent = 0
    try:
        while True:
            res.write(b"x" * 65536)
            sent += 1
            notebook.NOTES[f"{key}-sent"] = [sent]
            if sent > 20000:
                notebook.note(key, "never told")
                return
    except BaseException as error:
        notebook.note(key, type(error).__name__)
        raise
