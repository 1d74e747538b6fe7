import asyncio

import pytest

from bot.delivery.waiting import wait_until_set


@pytest.mark.parametrize("ticks", range(5))
def test_a_loop_ends_that_is_cancelled_just_when_its_event_is_set(ticks):
    async def cancel_meanwhile():
        event = asyncio.Event()

        async def loop():
            while True:
                await wait_until_set(event, 60)
                event.clear()

        task = asyncio.create_task(loop())
        await asyncio.sleep(0.01)
        event.set()
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=2)
        ended = task.cancelled()
        task.cancel()
        return ended

    assert asyncio.run(cancel_meanwhile())


@pytest.mark.parametrize(("seconds", "said"), [(60, True), (0.01, False)])
def test_it_tells_whether_the_event_is_set(seconds, said):
    async def wait():
        event = asyncio.Event()
        if said:
            asyncio.get_running_loop().call_later(0.01, event.set)
        return await wait_until_set(event, seconds)

    assert asyncio.run(wait()) is said
