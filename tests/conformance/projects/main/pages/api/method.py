async def handler(req, res):
    res.set_header("X-Method", req.method)
    res.set_header("Content-Type", "text/plain; charset=utf-8")
    res.status(200).send(f"method={req.method}")
