import asyncio


async def handler(req, res):
    stream = res.event_stream()
    while True:
        stream.send("tick")
        await asyncio.sleep(0.05)
