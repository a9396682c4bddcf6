import asyncio

gates: dict[str, asyncio.Event] = {}


async def handler(req, res):
    gate = gates.setdefault(req.query["gate"], asyncio.Event())
    if req.method == "POST":
        gate.set()
        res.json({"open": True})
        return
    # Next.js compresses, and so holds back, what does not forbid it.
    res.set_header("Cache-Control", "no-cache, no-transform")
    stream = res.event_stream()
    stream.send("first")
    await gate.wait()
    stream.send("second")
    stream.close()
