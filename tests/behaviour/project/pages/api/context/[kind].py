import contextvars

user = contextvars.ContextVar("user", default="nobody")


async def sign_in(req, res, next):
    user.set(req.query["user"])
    await next()


middleware = [sign_in]


def handler(req, res):
    seen = user.get()
    user.set("changed in the thread")
    res.json({"user": seen})
