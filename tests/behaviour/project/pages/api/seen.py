import notebook


async def handler(req, res):
    res.set_header("cache-control", "no-store").json(notebook.NOTES[req.query["key"]])
