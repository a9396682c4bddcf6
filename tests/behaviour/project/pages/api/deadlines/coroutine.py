import asyncio

import notebook

config = {"maxDuration": 0.2}


async def handler(req, res):
    try:
        await asyncio.sleep(3600)
    finally:
        notebook.note(req.query["key"], "cancelled")
