from lib.answers import body_answer


async def handler(req, res):
    res.json(body_answer("/api/body/default", req))
