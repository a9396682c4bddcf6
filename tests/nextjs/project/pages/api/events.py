import asyncio

gates: dict[str, asyncio.Event] = {}


async def handler(req, res):
    gate = gates.setdefault(req.query["gate"], asyncio.Event())
    if req.method == "POST":
        gate.set()
        res.json({"open": True})
        return
    if "cache" in req.query:
        res.set_header("Cache-Control", "no-cache")  # in place of the one that event_stream sets
    stream = res.event_stream()
    stream.send("first")
    await gate.wait()
    stream.send("second")
    stream.close()
