from slugline import run_middleware
from slugline.middleware import Cors

cors = Cors(credentials=True)


async def handler(req, res):
    await run_middleware(req, res, cors)
    res.json({"message": "Hello Everyone!"})
