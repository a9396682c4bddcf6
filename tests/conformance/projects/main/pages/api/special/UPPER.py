from lib.answers import route_answer


async def handler(req, res):
    res.json(route_answer("/api/special/UPPER", req))
