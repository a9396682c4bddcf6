config = {"api": {"bodyParser": False}}


def handler(req, res):
    kind = "undefined" if req.body is None else type(req.body).__name__
    body = b"".join(req.stream)
    res.json({"route": "/api/body/off", "bodyType": kind, "length": len(body), "hex": body[:32].hex()})
