"""Runs Rasa, the action server and the web program as one: starts, watches, restarts, stops them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from bot.processes import prepare_child

CHECK_EVERY = 0.25
# Seconds before the n-th restart in a row of a program that does not get going.
RESTART_DELAYS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
# One that was ready and ran this long was killed, or met something rare: it is missed, and comes back at once.
STEADY_AFTER = 5.0


class StartError(Exception):
    """A program can't be started; the message says which and why, in one sentence."""


@dataclass(frozen=True)
class Program:
    """One program to run.

    Attributes:
        health: an address that answers 200 once the program is ready.
        patience: seconds it may take to become ready.
        hopeless: answers of the health address that waiting will not mend, and what they mean.
        niceness: how far it stands back when the processor is busy, 0 to 19.
        again: finds the command for another start; None is the same. It raises a StartError where it must not start.
    """

    name: str
    command: list[str]
    port: int
    health: str
    patience: float
    hopeless: Mapping[int, str] = field(default_factory=dict)
    niceness: int = 0
    again: Callable[[], list[str]] | None = None


@dataclass
class _Running:
    process: asyncio.subprocess.Process
    started: float
    failures: int = 0
    ready: bool = False


@dataclass
class Supervisor:
    """Keeps programs running.

    Args:
        tell: is told in one sentence what an operator should know.
        stop_patience: seconds a program may take to end before it is killed.
    """

    programs: list[Program]
    environment: Mapping[str, str]
    folder: Path
    logs: Path
    tell: Callable[[str], None]
    stop_patience: float = 10.0
    steady_after: float = STEADY_AFTER
    _running: dict[str, _Running] = field(default_factory=dict)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, ready: Callable[[], None]) -> None:
        """Start everything, call `ready`, and watch until SIGINT or SIGTERM.

        Raises:
            StartError: a port is busy, or a program ended or stayed silent during the start.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        try:
            self._check_ports()
            for program in self.programs:
                await self._start(program)
            await asyncio.gather(*(self._wait_until_ready(program) for program in self.programs))
            if self._stopping.is_set():
                return
            ready()
            await asyncio.gather(*(self._watch(program) for program in self.programs))
        finally:
            await self._stop_all()

    def _check_ports(self) -> None:
        for place, program in enumerate(self.programs):
            other = next((p for p in self.programs[:place] if p.port == program.port), None)
            if other:
                raise StartError(f"{other.name} and {program.name} are both set to port {program.port}.")
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", program.port))
                except OSError as error:
                    raise StartError(
                        f"Port {program.port}, which {program.name} needs, is used by another program; "
                        "stop that one or set another port (README, Settings)."
                    ) from error

    async def _start(self, program: Program, failures: int = 0) -> None:
        before = self._running.get(program.name)
        command = program.again() if before and program.again else program.command
        log = (self.logs / f"{program.name}.log").open("ab")
        with log:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A group of its own: Ctrl-C reaches the supervisor alone, which then stops them in order.
                start_new_session=True,
                preexec_fn=partial(prepare_child, program.niceness),
            )
        self._running[program.name] = _Running(process, time.monotonic(), failures)

    async def _wait_until_ready(self, program: Program) -> None:
        until = time.monotonic() + program.patience
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            while not self._stopping.is_set():
                code = self._running[program.name].process.returncode
                if code is not None:
                    raise StartError(
                        f"{program.name} ended during the start (code {code}); {self._log_of(program)} says why."
                    )
                status = await _health(client, program.health)
                if status == 200:
                    self._running[program.name].ready = True
                    return
                if status is not None and status in program.hopeless:
                    raise StartError(f"{program.name}: {program.hopeless[status]}")
                if time.monotonic() > until:
                    raise StartError(
                        f"{program.name} was not ready after {program.patience:.0f} s; see {self._log_of(program)}."
                    )
                await asyncio.sleep(CHECK_EVERY)

    async def _watch(self, program: Program) -> None:
        while True:
            running = self._running[program.name]
            looking = asyncio.create_task(_look_until_ready(running, program.health))
            over = await self._ended_or_stopping(running)
            looking.cancel()
            if over:
                return
            steady = running.ready and time.monotonic() - running.started > self.steady_after
            failures = 0 if steady else running.failures
            delay = RESTART_DELAYS[min(failures, len(RESTART_DELAYS) - 1)]
            code = running.process.returncode
            self.tell(f"{program.name} ended unexpectedly (code {code}); starting it again in {delay:g} s.")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
                return
            try:
                await self._start(program, failures + 1)
            except StartError as error:
                self.tell(str(error))
                running.ready, running.failures = False, failures + 1

    async def _ended_or_stopping(self, running: _Running) -> bool:
        """Wait until the program ends (False) or everything is to stop (True)."""
        ended = asyncio.ensure_future(running.process.wait())
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (ended, stopping):
            waiting.cancel()
        return self._stopping.is_set()

    async def _stop_all(self) -> None:
        # The program facing the network goes first, so that nothing new arrives while the others leave.
        for program in reversed(self.programs):
            running = self._running.get(program.name)
            if running is None or running.process.returncode is not None:
                continue
            _signal_group(running.process.pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(running.process.wait(), self.stop_patience)
            except asyncio.TimeoutError:
                _signal_group(running.process.pid, signal.SIGKILL)
                await running.process.wait()

    def _log_of(self, program: Program) -> Path:
        return self.logs / f"{program.name}.log"


async def _look_until_ready(running: _Running, health: str) -> None:
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        while not running.ready:
            running.ready = await _health(client, health) == 200
            await asyncio.sleep(CHECK_EVERY)


async def _health(client: httpx.AsyncClient, url: str) -> int | None:
    try:
        return (await client.get(url)).status_code
    except httpx.HTTPError:
        return None


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
