from urllib.parse import urlsplit

from lib.answers import unknown_kind


async def handler(req, res):
    match req.query["kind"]:
        case "default":
            res.redirect("/login")
        case "s301" | "s302" | "s303" | "s307" | "s308" as kind:
            res.redirect(int(kind[1:]), "/login")
        case "s200" | "s999" | "s1000" as kind:
            res.redirect(int(kind[1:]), "/odd")
        case "external":
            res.redirect("https://example.com/a?b=c#d")
        case "relative":
            res.redirect("next")
        case "query":
            res.redirect("/login?next=%2Fhome&x=1")
        case "empty":
            res.redirect("")
        case "latin1":
            res.redirect("/café")
        case "unicode":
            res.redirect("/日本")
        case "crlf":
            res.redirect("/a\r\nX-Injected: 1")
        case "space":
            res.redirect("/a b")
        case "noargs":
            res.redirect()
        case "null":
            res.redirect(None)
        case "number-only":
            res.redirect(301)
        case "status-null":
            res.redirect(307, None)
        case "string-status":
            res.redirect("301", "/login")
        case "swapped":
            res.redirect("/login", 301)
        case "url-object":
            res.redirect(307, urlsplit("https://example.com/obj"))
        case "with-cookie":
            res.set_header("Set-Cookie", "sid=1; Path=/")
            res.redirect("/login")
        case "status-then":
            res.status(301)
            res.redirect("/login")
        case "twice":
            res.redirect("/one")
            res.redirect("/two")
        case _:
            unknown_kind(res)
