"""A form whose POST goes straight to the database. Open /api/guestbook in a browser."""

from html import escape
from typing import Annotated

import msgspec

from lib.guestbook import add_entry, list_entries
from slugline import Request, Response

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Guestbook</title>
<h1>Guestbook</h1>
<form method="post">
  <p><label>Name <input name="name" required maxlength="80"></label>
  <p><label>Message <textarea name="message" required maxlength="1000"></textarea></label>
  <p><button>Sign</button>
</form>
<ul>
{entries}
</ul>
"""

config = {"api": {"bodyParser": {"sizeLimit": "16kb"}}}


class Entry(msgspec.Struct):
    """What the form sends. What does not fit gets 400 before the handler is called."""

    # The pattern: not of spaces alone.
    name: Annotated[str, msgspec.Meta(max_length=80, pattern=r"\S")]
    message: Annotated[str, msgspec.Meta(max_length=1000, pattern=r"\S")]


# `def`, not `async def`: the database blocks, so this runs on a worker thread and holds nobody up.
def GET(req: Request, res: Response) -> None:
    entries = "\n".join(f"<li><b>{escape(entry.name)}</b>: {escape(entry.message)}" for entry in list_entries())
    res.set_header("Content-Type", "text/html; charset=utf-8").send(PAGE.format(entries=entries))


def POST(req: Request[Entry], res: Response) -> None:
    add_entry(req.body.name.strip(), req.body.message.strip())
    # 303: the browser asks for the page with GET now, and to reload it does not sign twice.
    res.redirect(303, "/api/guestbook")
