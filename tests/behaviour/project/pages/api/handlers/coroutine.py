import asyncio
import threading


async def handler(req, res):
    await asyncio.sleep(0)
    res.json({"thread": threading.current_thread().name})
