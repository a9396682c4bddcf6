"""The form is sent here. With a fault in it the page comes back as it was filled in; otherwise the entry is saved."""

from typing import Annotated

import msgspec

from lib.guestbook import add_entry
from lib.pictures import TOO_LARGE, Picture, UnfitPicture, read_picture
from lib.tables import LONGEST_MESSAGE, LONGEST_NAME
from slugline import Form, Request, Response, UploadFile, read_form

# More than a picture may have (lib/pictures.py), whose own limit is told with the right words. And a form that is larger still is not
# refused with a bare 413: it comes here without its files, and is shown again.
config = {"api": {"bodyParser": {"sizeLimit": "6mb", "refuseTooLarge": False}}}


class Signature(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
    message: Annotated[str, msgspec.Meta(max_length=LONGEST_MESSAGE)]
    picture: UploadFile | None = None


# `def`, not `async def`: the database blocks, so this runs on a worker thread and holds nobody up.
def POST(req: Request, res: Response) -> None:
    form = read_form(req, Signature)
    picture = check(form)
    if not form.valid:
        res.render("/", form=form)
        return
    number = add_entry(clean(form.data.name), clean(form.data.message), picture)
    res.revalidate("/")
    # 303: the browser asks for the page with GET now, and to reload it does not sign twice.
    res.redirect(303, f"/#entry-{number}")


def GET(req: Request, res: Response) -> None:
    """Somebody has come back to the address of a form that had a fault."""
    res.redirect(303, "/")


def check(form: Form[Signature]) -> Picture | None:
    """Check what a type cannot say, and give the picture if there is one that fits."""
    for field in ("name", "message"):
        if not clean(str(form.value(field))):
            form.fail(field, "is missing")
    if form.too_large:
        form.fail("picture", TOO_LARGE)
    upload = form.files.get("picture")
    if not isinstance(upload, UploadFile):
        return None
    try:
        return read_picture(upload.read())
    except UnfitPicture as reason:
        form.fail("picture", str(reason))
        return None


def clean(text: str) -> str:
    """Drop control characters, which nobody types and PostgreSQL does not take (NUL), and spaces around the text."""
    return "".join(each for each in text if each >= " " or each == "\n").strip()
