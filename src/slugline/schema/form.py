"""A form that was sent: checked against a type, with what was typed kept for showing it again."""

from collections.abc import Collection, Mapping
from typing import Any, Generic, TypeVar

from slugline.errors import ApiError, InvalidInput
from slugline.http.multipart_form import UploadFile
from slugline.http.request import Request
from slugline.http.same_origin import names_asked_host
from slugline.schema.validate import BodyDecoder, make_body_decoder

__all__ = ["Form", "is_same_site", "read_form"]

Data = TypeVar("Data")

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_decoders: dict[Any, BodyDecoder] = {}


class Form(Generic[Data]):
    """What a form held. `values` is what was typed, by field; `errors` what is wrong with it, one text a field, "" for the whole."""

    def __init__(self, values: Mapping[str, Any], files: Mapping[str, Any]) -> None:
        self.values: dict[str, Any] = dict(values)
        self.files = files
        self.errors: dict[str, str] = {}
        self.too_large = False
        """Whether it was over the `sizeLimit` of a route with `refuseTooLarge: False`; `values` is what came before, `files` is empty."""
        self._data: Data | None = None

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.errors

    @property
    def data(self) -> Data:
        """The value of the type that `read_form` was given. Raises RuntimeError for a form that is not valid."""
        if self._data is None or self.errors:
            raise RuntimeError(f"The form is not valid ({', '.join(sorted(self.errors)) or 'no data'}): look at form.valid first.")
        return self._data

    def fail(self, field: str, reason: str) -> None:
        """Say what else is wrong: "is taken already". The first reason of a field stays."""
        self.errors.setdefault(field, reason)

    def value(self, field: str) -> Any:
        """Give what was typed into a field, "" for nothing; for templates."""
        return self.values.get(field, "")

    def error(self, field: str) -> str:
        """Give what is wrong with a field, "" for nothing; for templates."""
        return self.errors.get(field, "")


def read_form(req: Request[Any, Any], type_: type[Data], /, *, trusted_origins: Collection[str] = ()) -> Form[Data]:
    """Read the form of a request, so `read_form(req, Entry).data` is an Entry; urlencoded, multipart and JSON bodies.

    What does not fit is in `errors`, not raised. Raises ApiError 403 for a form of another site (see is_same_site); the origins of
    `trusted_origins`, "https://app.example", may send theirs.
    """
    if not is_same_site(req, trusted_origins):
        raise ApiError(403, "This form was sent from another site.")
    body: Any = req.body
    values = {name: _with_line_feeds(value) for name, value in body.items()} if isinstance(body, Mapping) else {}
    form: Form[Data] = Form(values, req.files)
    if req._too_large is not None:  # the rest is not known to be missing
        form.too_large = True
        form.fail("", "is too large")
        return form
    if body is not None and not isinstance(body, Mapping):
        form.fail("", "must be a form")
        return form
    decoder = _decoders.get(type_)
    if decoder is None:
        decoder = _decoders[type_] = make_body_decoder(type_)
    texts = {name: value for name, value in values.items() if value != ""}
    files = {name: file for name, file in req.files.items() if not _is_empty(file)}
    try:
        form._data = decoder.decode_form(texts, files)
    except InvalidInput as error:
        for fault in error.faults:
            form.fail(fault.path.partition(".")[0].partition("[")[0], fault.reason)
    return form


def is_same_site(req: Request[Any, Any], trusted_origins: Collection[str] = ()) -> bool:
    """Tell whether a request comes from a page of this site, or from no page at all.

    Browsers say so themselves, in Sec-Fetch-Site (W3C Fetch Metadata); older ones send the page's Origin, which is compared with the
    host that was asked. A program sends neither, and carries nobody's cookies.
    """
    if req.method in SAFE_METHODS:
        return True
    origin = req.headers.get("origin")
    if origin is not None and origin in trusted_origins:
        return True
    site = req.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    if origin is None:
        return True
    return names_asked_host(origin, req.headers)


def _with_line_feeds(value: Any) -> Any:
    """Undo what browsers do to the line breaks of a textarea (WHATWG HTML, section 4.10.22.4): in `maxlength` each counts once."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n")
    if isinstance(value, list):
        return [_with_line_feeds(each) for each in value]
    return value


def _is_empty(file: UploadFile | list[UploadFile]) -> bool:
    """Tell whether a field for files was left empty: browsers send a file without a name and without content."""
    return isinstance(file, UploadFile) and not file.filename and file.size == 0
