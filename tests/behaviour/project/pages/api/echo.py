def handler(req, res):
    body = req.body
    res.json(
        {
            "method": req.method,
            "url": req.url,
            "query": req.query,
            "cookies": req.cookies,
            "body": body.hex() if isinstance(body, bytes) else body,
            "kind": type(body).__name__,
            "raw": req.raw_body.decode("latin-1") if req.raw_body is not None else None,
        }
    )
