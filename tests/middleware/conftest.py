import asyncio
from collections.abc import AsyncIterator

import pytest

from middleware.fakes import FakeRequest, FakeResponse, Pool


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(asyncio.get_running_loop())
    yield pool
    pool.executor.shutdown()


@pytest.fixture
def req(pool: Pool) -> FakeRequest:
    return FakeRequest(run_in_thread=pool)


@pytest.fixture
def res() -> FakeResponse:
    return FakeResponse()
