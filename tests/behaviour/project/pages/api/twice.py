async def handler(req, res):
    res.json({"answer": 1})
    res.json({"answer": 2})
