import asyncio

import notebook


async def later(key, gate):
    notebook.note(key, "started")
    while not notebook.is_open(gate):
        await asyncio.sleep(0.01)
    notebook.note(key, "done")


async def handler(req, res):
    res.after(later, req.query["key"], req.query["gate"])
    res.json({"answered": True})
