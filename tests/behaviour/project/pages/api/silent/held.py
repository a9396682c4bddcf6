held = []


async def handler(req, res):
    held.append(res)
