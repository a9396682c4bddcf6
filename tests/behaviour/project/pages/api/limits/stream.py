config = {"api": {"bodyParser": False, "streamLimit": "10kb"}}


async def handler(req, res):
    size = 0
    async for chunk in req.stream:
        size += len(chunk)
    res.json({"bytes": size})
