from lib.answers import describe_body


def handler(req, res):
    kind, body = describe_body(req.body)
    res.status(200).json(
        {
            "route": "/api/echo",
            "method": req.method,
            "url": req.url,
            "query": req.query,
            "cookies": req.cookies,
            "bodyType": kind,
            "body": body,
        }
    )
