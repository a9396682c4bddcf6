from slugline import Request, Response, run_middleware
from slugline.middleware import Cors

cors = Cors(methods=["GET", "HEAD"])


async def handler(req: Request, res: Response) -> None:
    await run_middleware(req, res, cors)
    # The rest of the route:
    res.json({"message": "Hello Everyone!"})
