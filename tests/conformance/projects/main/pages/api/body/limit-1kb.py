from lib.answers import body_answer

config = {"api": {"bodyParser": {"sizeLimit": "1kb"}}}


async def handler(req, res):
    res.json(body_answer("/api/body/limit-1kb", req))
