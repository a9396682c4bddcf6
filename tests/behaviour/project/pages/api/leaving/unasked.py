import asyncio

import notebook


async def handler(req, res):
    key = req.query["key"]
    notebook.note(key, "began")
    while not notebook.is_open(req.query["gate"]):
        await asyncio.sleep(0.01)
    notebook.note(key, "ran on")
    res.json({"to": "nobody"})
