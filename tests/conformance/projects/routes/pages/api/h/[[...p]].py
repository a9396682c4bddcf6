from lib.answers import dump


def handler(req, res):
    res.json(dump("/api/h/[[...p]]", req))
