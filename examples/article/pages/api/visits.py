"""Counts with a cookie how often this browser came by."""

from slugline import Request, Response


def handler(req: Request, res: Response) -> None:
    earlier = req.cookies.get("visits", "0")
    visits = int(earlier) + 1 if earlier.isdecimal() and len(earlier) < 10 else 1
    res.set_cookie("visits", str(visits), max_age_seconds=3600, http_only=True, same_site="lax")
    res.json({"visits": visits})
