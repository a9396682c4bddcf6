async def handler(req, res):
    before = "_cookies" in vars(req)
    res.json({"before": before, "cookie": req.cookies.get("a"), "after": "_cookies" in vars(req)})
