"""Save this file while the page is open: the next request is answered by what you have written."""

from lib.guesses import ANSWER, HIGHEST, add_guess, describe_crowd
from slugline import ApiError, Request, Response

COOKIE = "guess"
A_YEAR = 365 * 24 * 3600


# `def`, not `async def`: the database blocks, so this runs on a worker thread and holds nobody up.
def GET(req: Request, res: Response) -> None:
    guess = req.cookies.get(COOKIE, "")
    res.set_header("Cache-Control", "private, no-store")
    res.json(describe(int(guess) if guess.isdecimal() else None))


def POST(req: Request, res: Response) -> None:
    guess = read_guess(req.body)
    wants_json = "application/json" in req.headers.get("accept", "")
    if guess is None and not wants_json:
        res.redirect(303, "/?problem=number")
        return
    if guess is None:
        raise ApiError(400, f"Give a whole number from 1 to {HIGHEST:,}.")
    add_guess(guess)
    res.set_cookie(COOKIE, str(guess), max_age_seconds=A_YEAR, http_only=True, same_site="lax")
    if wants_json:
        res.status(201).json(describe(guess))
    else:
        # A browser without JavaScript. 303: it asks for the page now, and to load that again does not guess twice.
        res.redirect(303, "/#crowd")


def describe(guess: int | None) -> dict[str, object]:
    # The answer is for those who have guessed.
    return {"crowd": describe_crowd(), "guess": guess, "answer": ANSWER if guess is not None else None}


def read_guess(body: object) -> int | None:
    text = str(body.get("guess", "")).strip() if isinstance(body, dict) else ""
    digits = text.replace(",", "").replace(" ", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= len(str(HIGHEST))):
        return None
    return int(digits) or None
