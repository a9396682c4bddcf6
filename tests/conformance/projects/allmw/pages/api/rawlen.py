config = {"api": {"bodyParser": False}}


async def handler(req, res):
    length = 0
    async for chunk in req.stream:
        length += len(chunk)
    declared = req.headers.get("content-length")
    res.json({"length": length, "declared": None if declared is None else int(declared)})
