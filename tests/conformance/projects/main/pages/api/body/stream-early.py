config = {"api": {"bodyParser": False}}


async def handler(req, res):
    res.json({"route": "/api/body/stream-early", "read": False})
