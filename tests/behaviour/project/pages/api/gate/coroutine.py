import asyncio
from pathlib import Path

import notebook


async def handler(req, res):
    Path(req.query["arrived"]).touch()
    while not notebook.is_open(req.query["gate"]):
        await asyncio.sleep(0.01)
    res.json({"through": True})
