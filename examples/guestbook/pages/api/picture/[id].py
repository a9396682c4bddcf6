"""The picture of an entry, from the database."""

from lib.guestbook import find_picture, read_number
from slugline import ApiError, Request, Response


def GET(req: Request, res: Response) -> None:
    picture = find_picture(read_number(req.params["id"]))
    if picture is None:
        raise ApiError(404, "There is no such picture.")
    # These bytes came from a visitor and go out under this site's name. The type is the one that they were found to have, the browser
    # is not to guess another, and whatever they should turn out to be, nothing in them runs.
    res.set_header("Content-Type", picture.media_type)
    res.set_header("X-Content-Type-Options", "nosniff")
    res.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
    res.set_header("Cache-Control", "public, max-age=31536000, immutable")
    res.send(picture.content)
