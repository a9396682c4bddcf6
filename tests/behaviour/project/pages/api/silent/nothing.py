async def handler(req, res):
    pass
