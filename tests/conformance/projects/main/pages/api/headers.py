async def handler(req, res):
    names = req.query["names"].split(",")
    res.json({name: req.headers.get(name) for name in names})
