"""A form whose POST goes straight to the database. Open /api/guestbook in a browser."""

from html import escape

from lib.guestbook import add_entry, list_entries
from slugline import ApiError, Request, Response

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


# `def`, not `async def`: the database blocks, so this runs on a worker thread and holds nobody up.
def GET(req: Request, res: Response) -> None:
    entries = "\n".join(f"<li><b>{escape(entry.name)}</b>: {escape(entry.message)}" for entry in list_entries())
    res.set_header("Content-Type", "text/html; charset=utf-8").send(PAGE.format(entries=entries))


def POST(req: Request, res: Response) -> None:
    add_entry(read_text(req.body, "name", 80), read_text(req.body, "message", 1000))
    # 303: the browser asks for the page with GET now, and to reload it does not sign twice.
    res.redirect(303, "/api/guestbook")


def read_text(form: object, field: str, longest: int) -> str:
    value = form.get(field) if isinstance(form, dict) else None
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise ApiError(400, f"Give a {field} of 1 to {longest} characters.")
    return value.strip()
