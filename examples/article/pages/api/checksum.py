"""A body of any size, read as it arrives and never held in memory."""

import hashlib

from slugline import Request, Response

config = {"api": {"bodyParser": False}}


async def handler(req: Request, res: Response) -> None:
    checksum = hashlib.sha256()
    size = 0
    async for chunk in req.stream:
        checksum.update(chunk)
        size += len(chunk)
    res.json({"bytes": size, "sha256": checksum.hexdigest()})
