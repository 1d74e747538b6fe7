"""The Official Account's pair of tokens: renewed in time, by one program only, stored before it is used.

A refresh token serves once. A program that dies between using it and storing what it bought loses the grant; then the
next one says so loudly while the access token still has hours to run, and an administrator logs in anew.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, repeat

import httpx
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.zalo_errors import NotAnsweredError, TokenError
from bot.channels.zalo_oauth import REFRESH_LIFE, GrantError, Pair, buy_with_refresh_token
from bot.database import Database, now
from bot.delivery.credentials import (
    SPENT,
    Credential,
    Turn,
    ask_to_renew,
    give_up_renewal,
    load_credential,
    pause_renewals,
    store_credential,
)
from bot.failures import kind_and_places
from bot.settings import ZaloSettings

logger = logging.getLogger(__name__)

NAME = "zalo_oa"
# Of 25 hours: what is left when a renewal fails for good is the time in which an administrator can log in anew.
RENEW_BEFORE = timedelta(hours=5)
# Of tokens that live shorter than documented.
_LARGEST_SHARE = 4
LOOK_EVERY = 60.0
# Another program's log-in or renewal is seen after so long even while our token still serves.
KEEP = timedelta(seconds=60)
# What is refused stays refused until somebody logs in, unless Zalo itself was at fault.
PAUSE_UNREACHABLE, PAUSE_REFUSED = 5.0, 1800.0
# A token that was just bought may have ended by chance; the longer each is refused, the less another one helps.
PAUSES_DOUBTED = (5.0, 60.0, 600.0, 1800.0)
DOUBTS_COUNT_FOR = timedelta(hours=1)
# Messages look sooner: an administrator may have logged in.
LOOK_AGAIN = 30.0
WAIT_FOR_OTHER, WAIT_STEP = 20.0, 0.25
# The new pair is all there is: a command tries to store it for about a minute, the web program as long as it lives.
STORE_TRIES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 20.0)
# Once it is told to stop: a few seconds more, and no waiting for whatever else hangs.
LAST_TRIES, CLOSE_SECONDS = (0.2, 0.5, 1.0), 5.0
# Who holds a lease that ended may only wait for the database: it stores within its longest pause.
WAIT_FOR_LATE = STORE_TRIES[-1] + 5.0
# Whoever waits for a renewal asks again later; a message must not seem to be on its way meanwhile.
PATIENCE = 30.0
# What an operator reads; each is followed by what to do.
LOGIN = "run 'motcua channels zalo login'"
LOST = f"A renewal was cut off and its refresh token may be used up: {LOGIN} before the access token ends."
REFUSED = f"Zalo refuses to renew the tokens ({{reason}}): {LOGIN}."
SILENT = "A renewal got no answer; it is tried again, but its refresh token may be used up."
DOUBTED = f"Zalo refuses the very token that it has just given; no new one for a while: {LOGIN} if it stays so."
NO_REFRESH = f"Zalo gave no refresh token: {LOGIN} each time the access token ends."

Sleep = Callable[[float], Awaitable[None]]


def keep_pair(database: Database, pair: Pair, moment: datetime, bought_with: str | None = None) -> bool:
    """Store a pair of tokens, as `store_credential` does."""
    value = {"access_token": pair.access_token, "refresh_token": pair.refresh_token}
    until = moment + REFRESH_LIFE if pair.refresh_token else None
    # Nothing renews such a pair: it must be told long before it ends.
    problem = None if pair.refresh_token else NO_REFRESH
    ends = moment + timedelta(seconds=pair.expires_in)
    return store_credential(database, NAME, value, ends, until, bought_with, problem)


async def keep_pair_surely(
    database: Database,
    pair: Pair,
    clock: Callable[[], datetime] = now,
    sleep: Sleep = asyncio.sleep,
    bought_with: str | None = None,
    pauses: Iterable[float] = STORE_TRIES,
) -> bool:
    """As `keep_pair`, tried again after each of these pauses: what bought this pair is worth nothing any more.

    Raises:
        TokenError: the database does not take it.
    """
    # Its life began when it was bought, however late it is stored.
    moment = clock()
    left = iter(pauses)
    while True:
        try:
            return await asyncio.to_thread(keep_pair, database, pair, moment, bought_with)
        except SQLAlchemyError as error:
            logger.error(
                "zalo: the new tokens are not stored yet (%s); if this goes on, %s", kind_and_places(error), LOGIN
            )
        pause = next(left, None)
        if pause is None:
            logger.error("zalo: the new tokens could not be stored and are lost: %s", LOGIN)
            raise TokenError("not_stored", LOOK_AGAIN)
        await sleep(pause)


class ZaloTokens:
    """Gives out the access token, and renews it.

    Args:
        client: asks Zalo; its time-out is shorter than the lease of a renewal.
        patience: seconds that whoever asks for a renewal waits; it goes on without them.
    """

    def __init__(
        self,
        database: Database,
        settings: ZaloSettings,
        client: httpx.AsyncClient,
        clock: Callable[[], datetime] = now,
        sleep: Sleep = asyncio.sleep,
        patience: float = PATIENCE,
    ) -> None:
        self._database = database
        self._settings = settings
        self._client = client
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._closing = asyncio.Event()
        self._known: Credential | None = None
        self._read_at: datetime | None = None
        self._work: asyncio.Task[str] | None = None
        self._doubts: list[datetime] = []

    async def current(self) -> str:
        """The access token to ask with.

        Raises:
            TokenError: there is none.
        """
        known = await self._look(KEEP)
        if known is None:
            raise TokenError("not_logged_in", LOOK_AGAIN)
        token = known.value["access_token"]
        if known.expires_at and known.expires_at <= self._clock():
            return await self.renew(token)
        return token

    async def present(self) -> Credential | None:
        """The pair as it stands, whether it still serves or not; nothing is done about it."""
        return await self._look(timedelta(0))

    async def renew(self, stale: str) -> str:
        """The access token that comes after `stale`, bought by us or by somebody else.

        Raises:
            TokenError: there is none, for now or until an administrator logs in.
        """
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._renew(stale))
        try:
            # Whoever waits may give up; what was begun must be stored.
            return await asyncio.wait_for(asyncio.shield(self._work), self._patience)
        except asyncio.TimeoutError:
            raise TokenError("renewal_under_way", PAUSE_UNREACHABLE) from None

    async def doubt(self, token: str) -> None:
        """A token that was just bought is refused: another one may be, too. None is bought for longer and longer."""
        logger.error("zalo: %s", DOUBTED)
        moment = self._clock()
        self._doubts = [at for at in self._doubts if moment - at < DOUBTS_COUNT_FOR]
        pause = PAUSES_DOUBTED[min(len(self._doubts), len(PAUSES_DOUBTED) - 1)]
        self._doubts.append(moment)
        await asyncio.to_thread(pause_renewals, self._database, NAME, token, DOUBTED, pause)
        self._known = None

    async def trust(self, token: str) -> None:
        """A token served: what was said against it is over."""
        if self._known and self._known.problem == DOUBTED and self._known.value["access_token"] == token:
            await asyncio.to_thread(pause_renewals, self._database, NAME, token, None, 0.0)
            self._known = None

    async def keep_fresh(self) -> None:
        """Renew in time, until cancelled."""
        while True:
            await self.renew_if_due()
            await self._sleep(LOOK_EVERY)

    async def renew_if_due(self) -> None:
        """Renew when the access token has little time left."""
        try:
            known = await self._look(timedelta(0))
            if known and known.value.get("refresh_token") and is_due(known, self._clock()):
                await self.renew(known.value["access_token"])
        except TokenError as error:
            logger.warning("zalo: the tokens were not renewed: %s", error.reason)
        except SQLAlchemyError as error:
            logger.error("zalo: the tokens can't be read: %s", kind_and_places(error))

    def stop(self) -> None:
        """Begin no purchase any more, and end soon with one that waits for the database."""
        self._closing.set()

    async def close(self) -> None:
        """Let a renewal come to its end; a database that takes nothing is not waited for."""
        self.stop()
        if self._work and not self._work.done():
            await asyncio.wait([self._work], timeout=CLOSE_SECONDS)

    async def _look(self, oldest: timedelta) -> Credential | None:
        moment = self._clock()
        if self._known is None or self._read_at is None or moment - self._read_at > oldest:
            self._known = await asyncio.to_thread(load_credential, self._database, NAME)
            self._read_at = moment
        return self._known

    async def _renew(self, stale: str) -> str:
        holder = secrets.token_hex(8)
        waited = 0.0
        while True:
            turn, known = await asyncio.to_thread(ask_to_renew, self._database, NAME, holder, stale)
            if turn is Turn.CHANGED and known:
                self._known, self._read_at = known, self._clock()
                return known.value["access_token"]
            if turn is Turn.INHERITED and (late := await self._wait_for_late(stale)):
                return late
            if turn in (Turn.OURS, Turn.INHERITED) and known:
                return await self._buy(known, holder, inherited=turn is Turn.INHERITED)
            if turn is Turn.MISSING:
                raise TokenError("not_logged_in", LOOK_AGAIN)
            if turn is Turn.NOT_YET and known and known.ready_at:
                left = (known.ready_at - self._clock()).total_seconds()
                raise TokenError("not_renewed", min(max(1.0, left), LOOK_AGAIN))
            if waited >= WAIT_FOR_OTHER:
                raise TokenError("renewed_elsewhere", PAUSE_UNREACHABLE)
            await self._sleep(WAIT_STEP)
            waited += WAIT_STEP

    async def _wait_for_late(self, stale: str) -> str | None:
        """The access token that the former holder of a lease stores after all, None when it stores none."""
        await self._pause(WAIT_FOR_LATE)
        if self._closing.is_set():
            raise TokenError("renewed_elsewhere", PAUSE_UNREACHABLE)
        self._known = None
        newest = await self._look(timedelta(0))
        token = newest.value["access_token"] if newest else stale
        return None if token == stale else token

    async def _buy(self, known: Credential, holder: str, inherited: bool) -> str:
        if inherited:
            logger.error("zalo: %s", LOST)
        try:
            pair = await self._buy_with_any(known)
        except GrantError as error:
            if not known.value.get("refresh_token"):
                problem = NO_REFRESH
            else:
                problem = LOST if inherited else REFUSED.format(reason=error.reason)
            raise await self._failed(holder, problem[:200], PAUSE_REFUSED) from error
        except NotAnsweredError as error:
            unsure = SILENT if error.uncertain else None
            raise await self._failed(holder, unsure, PAUSE_UNREACHABLE, error.reason) from error
        bought_with = known.value["access_token"]
        stored = await keep_pair_surely(
            self._database, pair, self._clock, self._pause, bought_with, self._until_stored()
        )
        self._known = None
        # Who logged in meanwhile knows better.
        newest = None if stored else await self._look(timedelta(0))
        return newest.value["access_token"] if newest else pair.access_token

    def _until_stored(self) -> Iterator[float]:
        for pause in chain(STORE_TRIES, repeat(STORE_TRIES[-1])):
            if self._closing.is_set():
                break
            yield pause
        yield from LAST_TRIES

    async def _pause(self, seconds: float) -> None:
        """A pause that ends when we are told to stop; those that follow are short."""
        if self._closing.is_set():
            await self._sleep(seconds)
            return
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._closing.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _buy_with_any(self, known: Credential) -> Pair:
        try:
            return await self._buy_with(known.value.get("refresh_token", ""))
        except GrantError:
            former = known.former or {}
            # A pair that a log-in replaced was never used, and may be the better one.
            if not former.get("refresh_token") or SPENT in former:
                raise
            logger.warning("zalo: the present refresh token is refused, the former is tried")
            return await self._buy_with(former["refresh_token"])

    async def _buy_with(self, refresh_token: str) -> Pair:
        if not refresh_token:
            raise GrantError("no_refresh_token")
        return await buy_with_refresh_token(self._client, self._settings, refresh_token)

    async def _failed(self, holder: str, problem: str | None, pause: float, reason: str = "refused") -> TokenError:
        if problem:
            logger.error("zalo: %s", problem)
        await asyncio.to_thread(give_up_renewal, self._database, NAME, holder, problem, pause)
        self._known = None
        return TokenError(reason, min(pause, LOOK_AGAIN))


def is_due(known: Credential, moment: datetime) -> bool:
    """Whether a pair is to be renewed: little of its time is left."""
    if known.expires_at is None:
        return False
    life = known.expires_at - known.changed_at
    return moment >= known.expires_at - min(RENEW_BEFORE, life / _LARGEST_SHARE)
