import asyncio

config = {"api": {"externalResolver": True}}


async def handler(req, res):
    asyncio.get_running_loop().call_later(0.05, lambda: res.end("hello world"))
