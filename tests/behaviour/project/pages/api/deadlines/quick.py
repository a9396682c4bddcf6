config = {"maxDuration": 30}


async def handler(req, res):
    res.json({"quick": True})
