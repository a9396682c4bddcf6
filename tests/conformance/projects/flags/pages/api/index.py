from lib.answers import route_answer


def handler(req, res):
    res.json(route_answer("/api", req))
