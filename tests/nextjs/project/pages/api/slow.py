import asyncio


async def handler(req, res):
    await asyncio.sleep(35)
    res.json({"by": "python", "slept": 35})
