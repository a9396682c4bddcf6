import asyncio

import notebook


async def handler(req, res):
    stream = res.event_stream()
    stream.send({"number": 1}, event="count", id="1", retry=1000)
    for number in (2, 3):
        while not notebook.is_open(f"{req.query['gate']}{number}"):
            await asyncio.sleep(0.01)
        stream.send({"number": number})
    stream.comment("end")
    stream.close()
