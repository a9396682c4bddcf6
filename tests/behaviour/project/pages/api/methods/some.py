def GET(req, res):
    res.set_header("x-by", "GET").json({"method": req.method})


async def POST(req, res):
    res.status(201).json({"method": req.method})
