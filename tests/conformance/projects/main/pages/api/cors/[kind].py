import re

from lib.answers import unknown_kind

from slugline import run_middleware
from slugline.middleware import Cors


def allow_one(origin, req):
    return origin == "https://ok.example"


async def answer_fixed(origin, req):
    return "https://fixed.example"


def refuse(origin, req):
    raise PermissionError("Not allowed by CORS")


POLICIES = {
    "default": Cors(),
    "origin-string": Cors(origin="https://app.example"),
    "origin-star": Cors(origin="*"),
    "origin-true": Cors(origin=True),
    "origin-false": Cors(origin=False),
    "origin-array": Cors(origin=["https://a.example", "https://b.example"]),
    "origin-regex": Cors(origin=re.compile(r"\.example$")),
    "origin-mixed": Cors(origin=["https://a.example", re.compile(r"\.trusted\.example$")]),
    "origin-empty-array": Cors(origin=[]),
    "origin-fn": Cors(origin=allow_one),
    "origin-fn-string": Cors(origin=answer_fixed),
    "origin-fn-error": Cors(origin=refuse),
    "origin-true-credentials": Cors(origin=True, credentials=True),
    "methods-array": Cors(methods=["GET", "POST", "OPTIONS"]),
    "methods-string": Cors(methods="GET,PUT"),
    "allowed-headers-array": Cors(allowed_headers=["X-A", "Content-Type"]),
    "allowed-headers-string": Cors(allowed_headers="X-B,Authorization"),
    "exposed-array": Cors(exposed_headers=["X-Total", "X-Page"]),
    "exposed-string": Cors(exposed_headers="X-Only"),
    "max-age": Cors(max_age=600),
    "max-age-zero": Cors(max_age=0),
    "max-age-string": Cors(max_age="86400"),
    "success-200": Cors(options_success_status=200),
    "preflight-continue": Cors(preflight_continue=True),
    "full": Cors(
        origin=["https://a.example"],
        credentials=True,
        methods=["GET", "HEAD"],
        allowed_headers=["X-A"],
        exposed_headers=["X-E"],
        max_age=60,
        options_success_status=204,
    ),
}


async def handler(req, res):
    kind = req.query["kind"]
    # Browsers refuse "*" together with credentials, and so does Cors, when it is made.
    policy = Cors(credentials=True) if kind == "star-credentials" else POLICIES.get(kind)
    if policy is None:
        return unknown_kind(res)
    if "vary" in req.query:
        res.set_header("Vary", req.query["vary"])
    await run_middleware(req, res, policy)
    return res.json({"message": "Hello Everyone!", "method": req.method})
