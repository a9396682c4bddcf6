from lib.answers import body_answer

config = {"api": {"bodyParser": {"sizeLimit": "2mb"}}}


def handler(req, res):
    res.json(body_answer("/api/body/limit-2mb", req))
