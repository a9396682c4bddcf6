import asyncio

import notebook


async def handler(req, res):
    key = req.query["key"]
    notebook.note(key, "began")
    notebook.note(key, {"left": bool(req.disconnected)})
    async with asyncio.timeout(20):
        await req.disconnected
    notebook.note(key, {"now": bool(req.disconnected)})
    await asyncio.sleep(0.05)
    notebook.note(key, "ran on")
    res.json({"to": "nobody"})
