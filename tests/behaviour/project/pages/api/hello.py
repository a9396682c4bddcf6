# SECRET-MARKER-7f3a
async def handler(req, res):
    res.json({"text": "Hello"})
