from lib.answers import body_answer

config = {"api": {"bodyParser": True}}


def handler(req, res):
    res.json(body_answer("/api/body/on", req))
