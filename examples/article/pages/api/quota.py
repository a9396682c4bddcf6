"""A middleware that fails, and a handler that answers for it: /api/quota?used=100."""

from slugline import Request, Response, run_middleware
from slugline.middleware import Next


class QuotaUsedUp(Exception):
    pass


def check_quota(req: Request, res: Response, next: Next) -> None:
    if req.query.get("used") == "100":
        next(QuotaUsedUp("Come back tomorrow."))
    else:
        next()


async def handler(req: Request, res: Response) -> None:
    try:
        await run_middleware(req, res, check_quota)
    except QuotaUsedUp as error:
        res.status(429).json({"error": str(error)})
        return
    res.json({"message": "There is some left."})
