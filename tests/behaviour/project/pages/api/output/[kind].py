from http import HTTPStatus

from slugline import ApiError


def values(text):
    return {"nul": "a\0b", "cr": "a\rb", "lf": "a\nb", "crlf": "a\r\nx-evil: 1", "wide": "\u20ac", "del": "a\x7fb", "surrogate": "\udc80"}[
        text
    ]


async def handler(req, res):
    value = req.query.get("value", "")
    match req.query["kind"]:
        case "status":
            res.status(int(value)).json({"sent": True})
        case "status-float":
            res.status(float(value)).json({"sent": True})
        case "status-true":
            res.status(True).json({"sent": True})
        case "status-enum":
            res.status(HTTPStatus.ACCEPTED).json({"sent": True})
        case "status-code":
            res.status_code = int(value)
            res.json({"sent": True})
        case "write-head":
            res.write_head(int(value), {"x-a": "b"}).end("sent")
        case "api-error":
            raise ApiError(int(value), "no")
        case "redirect":
            res.redirect(int(value), "/api/hello")
        case "header-value":
            res.set_header("x-value", values(value)).json({"sent": True})
        case "header-append":
            res.append_header("x-value", values(value)).json({"sent": True})
        case "header-name":
            res.set_header(f"x-{values(value)}", "1").json({"sent": True})
        case "cookie":
            res.set_cookie("a", "b", path=f"/{values(value)}").json({"sent": True})
        case "location":
            res.redirect(f"/{values(value)}")
        case "connection-field":
            res.set_header(value, "chunked").json({"sent": True})
        case "length":
            res.set_header("content-length", value).send("12345")
        case "api-header":
            raise ApiError(400, "no", headers={"x-value": values(value)})
        case "body-surrogate":
            res.send("\udc80")
