import asyncio

import notebook

config = {"api": {"bodyParser": False}}


async def handler(req, res):
    """Answer without end before the body has been read; `read` then reads it after all."""
    key = req.query["key"]
    try:
        if req.query.get("read"):
            res.write("first\n")
            await asyncio.sleep(0.05)
            res.end(str(sum([len(chunk) async for chunk in req.stream])))
            return
        while True:
            res.write("tick\n")
            await res.drain()
            await asyncio.sleep(0.02)
    except BaseException as error:
        notebook.note(key, type(error).__name__)
        raise
