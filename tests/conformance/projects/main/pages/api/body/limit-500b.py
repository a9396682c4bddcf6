from lib.answers import body_answer

config = {"api": {"bodyParser": {"sizeLimit": "500b"}}}


def handler(req, res):
    res.json(body_answer("/api/body/limit-500b", req))
