config = {"api": {"bodyParser": {"sizeLimit": 0}}}


def handler(req, res):
    res.json({"route": "/api/body/limit-zero", "body": req.body})
