from lib_errors import fail


def handler(req, res):
    res.set_header("x-handler", "set")
    fail(req.query["kind"])
    res.json({"survived": True})
