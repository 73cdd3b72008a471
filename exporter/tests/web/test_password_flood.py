"""What a flood of wrong passwords does to those who know theirs: real bcrypt, a real server."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import bcrypt
import httpx
import pytest

from .exporter_server import Running, WebFile, running

pytestmark = pytest.mark.slow

COST = 11  # a check takes a tenth of a second and more
SCRAPES = 20
FLOODERS = 30


@pytest.fixture
def web(tmp_path: Path) -> WebFile:
    """A configuration with two users."""
    users = {name: bcrypt.hashpw(b"right", bcrypt.gensalt(COST)).decode() for name in ("prometheus", "ana")}
    return WebFile(tmp_path / "web.yml", {"basic_auth_users": users})


@asynccontextmanager
async def flood(exporter: Running, address: str) -> AsyncIterator[Counter[int]]:
    """Guess passwords of a user that exists and of some that do not, from `address`; give the answers."""
    answers: Counter[int] = Counter()
    began = asyncio.Event()
    transport = httpx.AsyncHTTPTransport(local_address=address, limits=httpx.Limits(max_connections=FLOODERS))

    async def guess(client: httpx.AsyncClient, number: int) -> None:
        for attempt in range(100_000):
            user = "prometheus" if number % 2 else f"user{number}"
            response = await client.get("/", auth=(user, f"{number}-{attempt}"))
            answers[response.status_code] += 1
            if answers[401] and answers[503]:
                began.set()

    async with httpx.AsyncClient(
        transport=transport, base_url=f"http://127.0.0.1:{exporter.port}", trust_env=False, timeout=60
    ) as client:
        guesses = [asyncio.create_task(guess(client, number)) for number in range(FLOODERS)]
        try:
            async with asyncio.timeout(60):
                await began.wait()
            yield answers
            assert not any(one.done() for one in guesses)
        finally:
            for one in guesses:
                one.cancel()
            await asyncio.gather(*guesses, return_exceptions=True)


async def test_remembered_password_is_not_held_up(web: WebFile) -> None:
    with running(web.watcher) as exporter:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{exporter.port}",
            trust_env=False,
            auth=("prometheus", "right"),
            timeout=60,
        ) as client:
            began = time.perf_counter()
            assert (await client.get("/")).status_code == 200
            first = time.perf_counter() - began
            took = []
            async with flood(exporter, "127.0.0.1") as answers:
                for _ in range(SCRAPES):
                    began = time.perf_counter()
                    assert (await client.get("/")).status_code == 200
                    took.append(time.perf_counter() - began)
    assert set(answers) == {401, 503}
    # One that waited for the four in the queue would take longer than that.
    assert sorted(took)[SCRAPES // 2] < 4 * first
    assert max(took) < 5
    assert exporter.requests == SCRAPES + 1


async def test_password_that_is_not_remembered_is_let_in_beside_another_clients_flood(web: WebFile) -> None:
    with running(web.watcher) as exporter:
        async with flood(exporter, "127.0.0.2") as answers:
            response = await asyncio.wait_for(fetch(exporter, ("ana", "right")), 30)
    assert response.status_code == 200
    assert set(answers) == {401, 503}
    assert exporter.requests == 1


async def test_scrapes_at_the_same_time_are_one_check(web: WebFile) -> None:
    # More checks of one client than may wait, if each were one.
    with running(web.watcher) as exporter:
        answers = await asyncio.gather(*(fetch(exporter, ("prometheus", "right")) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20


async def fetch(exporter: Running, auth: tuple[str, str]) -> httpx.Response:
    """Ask for the page over a new connection."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.get(f"http://127.0.0.1:{exporter.port}/", auth=auth)
