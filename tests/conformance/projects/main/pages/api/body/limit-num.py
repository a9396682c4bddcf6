from lib.answers import body_answer

config = {"api": {"bodyParser": {"sizeLimit": 1000}}}


async def handler(req, res):
    res.json(body_answer("/api/body/limit-num", req))
