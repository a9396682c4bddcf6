import asyncio


async def handler(req, res):
    asyncio.get_running_loop().call_later(0.05, res.json, {"late": True})
