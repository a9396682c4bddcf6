import hashlib

config = {"api": {"bodyParser": False}}


async def handler(req, res):
    size, digest = 0, hashlib.sha256()
    async for chunk in req.stream:
        size += len(chunk)
        digest.update(chunk)
    res.json({"size": size, "digest": digest.hexdigest()})
