import asyncio

from bot.runtime.locks import WakingLocks


async def turns(locks, names, said):
    async def turn(number, name):
        async with locks.lock(name):
            said.append(("begins", name, number))
            await asyncio.sleep(0)
            said.append(("ends", name, number))

    await asyncio.gather(*(turn(number, name) for number, name in enumerate(names)))


def test_turns_of_a_conversation_come_one_after_the_other_in_their_order():
    said = []
    asyncio.run(turns(WakingLocks(), ["web:a"] * 5, said))
    assert said == [(what, "web:a", number) for number in range(5) for what in ("begins", "ends")]


def test_conversations_do_not_wait_for_each_other():
    said = []
    asyncio.run(turns(WakingLocks(), ["web:a", "web:b"], said))
    assert [what for what, _, _ in said] == ["begins", "begins", "ends", "ends"]


def test_a_turn_that_fails_or_is_cancelled_lets_the_next_begin():
    async def work():
        locks = WakingLocks()

        async def hold():
            async with locks.lock("web:a"):
                await asyncio.sleep(60)

        holder, waiter = asyncio.ensure_future(hold()), asyncio.ensure_future(hold())
        await asyncio.sleep(0)
        waiter.cancel()
        holder.cancel()
        await asyncio.gather(holder, waiter, return_exceptions=True)
        async with locks.lock("web:a"):
            pass
        return locks

    locks = asyncio.run(work())
    assert not locks._locks
    assert not locks._wanted
