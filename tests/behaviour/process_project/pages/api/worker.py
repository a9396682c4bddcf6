import os


async def handler(req, res):
    res.json({"pid": os.getpid()})
