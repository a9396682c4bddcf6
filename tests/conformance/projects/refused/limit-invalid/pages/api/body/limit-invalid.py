config = {"api": {"bodyParser": {"sizeLimit": "abc"}}}


def handler(req, res):
    res.json({"route": "/api/body/limit-invalid", "body": req.body})
