"""`run_middleware`, the helper of the documentation, called from both kinds of handler."""

import asyncio
import functools

import pytest

from middleware.fakes import FakeRequest, FakeResponse, Pool
from slugline.errors import HandlerEnded, MiddlewareError
from slugline.middleware import Cors
from slugline.middleware.chain import compose, run_middleware


class Refused(Exception):
    pass


async def mark(req, res, next):
    res.set_header("X-Mark", "1")
    next()


async def mark_later(req, res, next):
    await asyncio.sleep(0)
    res.set_header("X-Mark", "1")
    await next()
    res.set_header("X-After", "1")


def mark_on_thread(req, res, next):
    res.set_header("X-Mark", "1")
    next()


def give_coroutine(req, res, next):
    return mark_later(req, res, next)


def give_next(req, res, next):
    res.set_header("X-Mark", "1")
    return next()


async def answer(req, res, next):
    res.end("answered")


def answer_on_thread(req, res, next):
    res.end("answered")


async def fail(req, res, next):
    raise Refused


def fail_on_thread(req, res, next):
    raise Refused


async def pass_error(req, res, next):
    next(Refused())


def pass_error_on_thread(req, res, next):
    next(Refused())


async def answer_and_go_on(req, res, next):
    res.end("answered")
    next()


async def do_nothing(req, res, next):
    pass


def do_nothing_on_thread(req, res, next):
    pass


async def nested_answer(req, res, next):
    await run_middleware(req, res, answer)
    next()


def nested_answer_on_thread(req, res, next):
    run_middleware(req, res, answer)
    next()


async def call_twice(req, res, next):
    next()
    next()


OUTCOMES = [
    (mark, None),
    (mark_later, None),
    (mark_on_thread, None),
    (give_coroutine, None),
    (give_next, None),
    (functools.partial(mark), None),
    (answer_and_go_on, None),
    (answer, HandlerEnded),
    (answer_on_thread, HandlerEnded),
    (nested_answer, HandlerEnded),
    (nested_answer_on_thread, HandlerEnded),
    (fail, Refused),
    (fail_on_thread, Refused),
    (pass_error, Refused),
    (pass_error_on_thread, Refused),
    (do_nothing, MiddlewareError),
    (do_nothing_on_thread, MiddlewareError),
    (call_twice, MiddlewareError),
]


def _name(value):
    return getattr(value, "__name__", type(value).__name__)


@pytest.mark.parametrize(("function", "error"), OUTCOMES, ids=_name)
async def test_in_an_async_handler(function, error, req, res):
    if error is None:
        assert await run_middleware(req, res, function) is None
    else:
        with pytest.raises(error):
            await run_middleware(req, res, function)
    _check_work(function, error, res)


@pytest.mark.parametrize(("function", "error"), OUTCOMES, ids=_name)
async def test_in_a_def_handler(function, error, req, res, pool):
    def handler():
        result = run_middleware(req, res, function)
        _check_work(function, error, res)
        return result

    if error is None:
        await (await pool(handler))  # the result may be awaited, which does nothing
    else:
        with pytest.raises(error):
            await pool(handler)
    _check_work(function, error, res)


def _check_work(function, error, res):
    if error is None and function is not answer_and_go_on:
        assert res.get_header("X-Mark") == "1"
    if error is HandlerEnded or function is answer_and_go_on:
        assert res.body == "answered"
    if function in (mark_later, give_coroutine):
        assert res.get_header("X-After") == "1"


async def test_the_handler_of_the_article(req, res, pool):
    cors = Cors(methods=["GET", "HEAD"])

    async def handler(req, res):
        await run_middleware(req, res, cors)
        res.end("Hello Everyone!")

    await handler(req, res)
    assert (res.body, res.fields) == ("Hello Everyone!", {"access-control-allow-origin": "*"})

    preflight, answer = FakeRequest("OPTIONS"), FakeResponse()
    with pytest.raises(HandlerEnded):
        await handler(preflight, answer)
    assert (answer.status_code, answer.body) == (204, "")


async def test_an_except_exception_in_the_handler_does_not_stop_the_end(req, res):
    async def handler(req, res):
        try:
            await run_middleware(req, res, answer)
        except Exception:
            res.end("never sent")

    with pytest.raises(HandlerEnded):
        await handler(req, res)
    assert res.body == "answered"


async def test_a_def_middleware_of_an_async_handler_does_not_run_on_the_loop(req, res):
    def on_thread(req, res, next):
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        next()

    await run_middleware(req, res, on_thread)


async def ask_later(origin, req):
    await asyncio.sleep(0)
    return True


def ask_on_thread(origin, req):
    return True


@pytest.mark.parametrize("cors", [Cors(origin=True), Cors(origin=ask_on_thread), Cors(origin=ask_later)])
async def test_many_def_handlers_on_one_thread_do_not_lock_up(cors):
    pool = Pool(asyncio.get_running_loop(), size=1)
    responses = [FakeResponse() for _ in range(5)]

    def handler(response):
        run_middleware(FakeRequest("GET", {"Origin": "https://a.example"}, pool), response, cors)

    await asyncio.wait_for(asyncio.gather(*(pool(handler, response) for response in responses)), 10)
    assert [response.get_header("access-control-allow-origin") for response in responses] == ["https://a.example"] * 5
    pool.executor.shutdown()


async def test_inside_a_composed_chain(req, res, pool):
    seen = []

    async def outer(req, res, next):
        await next()
        seen.append("outer: after")

    async def handler(req, res):
        await run_middleware(req, res, answer)
        seen.append("never")

    await compose([outer], handler, pool)(req, res)
    assert seen == ["outer: after"]
    assert res.body == "answered"


def test_outside_a_server_an_async_middleware_says_what_it_needs(res):
    with pytest.raises(RuntimeError, match="from_thread works only inside a `def` handler"):
        run_middleware(FakeRequest(), res, mark)
