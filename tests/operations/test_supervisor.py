import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from bot.operations.programs import list_programs
from bot.settings import ROOT
from tests.factories import free_port, make_settings, wait_until

CHILD = Path(__file__).with_name("child.py")


def program(name, *manner, port=None, patience=20.0):
    port = port or free_port()
    command = [sys.executable, str(CHILD), str(port), *map(str, manner)]
    return {"name": name, "command": command, "port": port, "health": f"http://127.0.0.1:{port}", "patience": patience}


def pid_on(given):
    """The process that answers on a program's port, None when nobody does."""
    with contextlib.suppress(httpx.HTTPError):
        return int(httpx.get(given["health"], timeout=2, trust_env=False).text)


def is_gone(pid):
    """Neither running nor a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


class Supervised:
    def __init__(self, programs, folder, **more):
        more = json.dumps({"logs": str(folder / "logs"), **more})
        command = [sys.executable, "-m", "tests.operations.drive", json.dumps(programs), more]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.sentences = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            self.sentences.put(line.strip())

    def next_sentence(self):
        return self.sentences.get(timeout=20)

    def end(self):
        """Wait for its end; what it said last, and its complaint."""
        complaint = self.process.stderr.read()
        return self.process.wait(20), complaint.strip()


@pytest.fixture
def supervise(tmp_path):
    started = []

    def start(*programs, **more):
        started.append(Supervised(list(programs), tmp_path, **more))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        one.process.stderr.close()


def log_of(folder, name):
    return (folder / "logs" / f"{name}.log").read_text()


def test_everything_is_ready_before_it_is_said_so(supervise):
    rasa, web = program("rasa"), program("web")
    bot = supervise(rasa, web)
    assert bot.next_sentence() == "READY"
    assert pid_on(rasa)
    assert pid_on(web)


def test_a_busy_port_is_named_in_one_sentence_and_nothing_is_started(supervise, tmp_path):
    rasa, web = program("rasa"), program("web")
    with socket.socket() as other:
        other.bind(("127.0.0.1", web["port"]))
        other.listen()
        code, complaint = supervise(rasa, web).end()
    assert code == 1
    assert complaint.startswith(f"START ERROR: Port {web['port']}, which web needs, is used by another program;")
    assert len(complaint.splitlines()) == 1
    assert list((tmp_path / "logs").iterdir()) == []


def test_a_program_that_dies_at_its_start_is_named_with_its_log_and_the_others_end(supervise, tmp_path):
    rasa = program("rasa")
    code, complaint = supervise(rasa, program("actions", "dies")).end()
    log = tmp_path / "logs" / "actions.log"
    assert (code, complaint) == (1, f"START ERROR: actions ended during the start (code 1); {log} says why.")
    assert "no configuration found" in log.read_text()
    assert pid_on(rasa) is None


def test_a_program_that_is_not_ready_in_time_is_named(supervise, tmp_path):
    web = program("web", "unhealthy", patience=1)
    code, complaint = supervise(web).end()
    assert (code, complaint) == (
        1,
        f"START ERROR: web was not ready after 1 s; see {tmp_path / 'logs' / 'web.log'}.",
    )
    assert pid_on(web) is None


def test_a_killed_program_is_told_and_started_again_each_time_after_a_longer_pause(supervise):
    rasa, web = program("rasa"), program("web")
    bot, neighbour = supervise(rasa, web), None
    assert bot.next_sentence() == "READY"
    neighbour = pid_on(web)
    for pause in ("0.5", "1"):
        killed = wait_until(lambda: pid_on(rasa))
        os.kill(killed, signal.SIGKILL)
        told = time.monotonic()
        assert bot.next_sentence() == f"rasa ended unexpectedly (code -9); starting it again in {pause} s."
        wait_until(lambda: pid_on(rasa))
        assert time.monotonic() - told >= float(pause)
        assert is_gone(killed)
    assert pid_on(web) == neighbour


def test_a_program_that_was_at_work_comes_back_at_once_however_often_it_is_killed(supervise):
    rasa = program("rasa")
    bot = supervise(rasa, steady_after=0.2)
    assert bot.next_sentence() == "READY"
    # Before the second time, until it is known to be ready: the supervisor looks four times a second.
    for pause in (0.2, 0.6):
        killed = wait_until(lambda: pid_on(rasa))
        time.sleep(pause)
        os.kill(killed, signal.SIGKILL)
        assert bot.next_sentence() == "rasa ended unexpectedly (code -9); starting it again in 0.5 s."


def test_a_program_that_is_never_ready_again_is_tried_at_longer_and_longer_pauses(supervise, tmp_path):
    dying = tmp_path / "dying"
    rasa = program("rasa", "dies-if", dying)
    bot = supervise(rasa, steady_after=0.2)
    assert bot.next_sentence() == "READY"
    dying.touch()
    os.kill(pid_on(rasa), signal.SIGKILL)
    told = [bot.next_sentence() for _ in range(3)]
    assert [sentence.rsplit(" in ", 1)[1] for sentence in told] == ["0.5 s.", "1 s.", "2 s."]


def test_a_program_is_started_again_with_what_is_right_by_then_and_not_while_nothing_is(supervise, tmp_path):
    command = tmp_path / "again.json"
    rasa = program("rasa")
    bot = supervise({**rasa, "again": str(command)})
    assert bot.next_sentence() == "READY"
    os.kill(pid_on(rasa), signal.SIGKILL)
    told = [bot.next_sentence() for _ in range(2)]
    assert (told[0].split(" (")[0], told[1]) == ("rasa ended unexpectedly", "rasa: there is no model.")
    command.write_text(json.dumps([*rasa["command"], "anew"]))
    wait_until(lambda: pid_on(rasa))
    assert b"anew" in Path(f"/proc/{pid_on(rasa)}/cmdline").read_bytes()


def test_programs_stand_back_as_far_as_they_are_told(supervise):
    rasa, web = {**program("rasa"), "niceness": 3}, program("web")
    assert supervise(rasa, web).next_sentence() == "READY"
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert [os.getpriority(os.PRIO_PROCESS, pid_on(one)) - own for one in (rasa, web)] == [3, 0]


def test_the_web_program_goes_before_rasa_and_the_actions(tmp_path):
    programs = {one.name: one.niceness for one in list_programs(make_settings(tmp_path), tmp_path / "model.tar.gz")}
    assert programs["web"] == 0
    assert programs["rasa"] > 0
    assert programs["actions"] > 0


def test_sigterm_ends_everything_and_leaves_no_zombie(supervise):
    programs = [program(name) for name in ("rasa", "actions", "web")]
    bot = supervise(*programs)
    assert bot.next_sentence() == "READY"
    pids = [pid_on(one) for one in programs]
    bot.process.terminate()
    assert bot.end() == (0, "")
    assert bot.next_sentence() == "BYE"
    assert [pid for pid in pids if not is_gone(pid)] == []


def test_ctrl_c_ends_everything_too(supervise):
    web = program("web")
    bot = supervise(web)
    assert bot.next_sentence() == "READY"
    bot.process.send_signal(signal.SIGINT)
    assert bot.end() == (0, "")
    assert pid_on(web) is None


def test_the_program_facing_the_network_stops_first(supervise, tmp_path):
    bot = supervise(program("rasa"), program("actions"), program("web"))
    assert bot.next_sentence() == "READY"
    bot.process.terminate()
    bot.end()
    stopped = {name: int(log_of(tmp_path, name).split()[-1]) for name in ("rasa", "actions", "web")}
    assert sorted(stopped, key=stopped.get) == ["web", "actions", "rasa"]


def test_sigterm_during_the_start_ends_it(supervise):
    slow = program("rasa", "unhealthy", patience=60)
    bot = supervise(slow)
    wait_until(lambda: pid_on(slow))
    bot.process.terminate()
    assert bot.end() == (0, "")
    assert pid_on(slow) is None


def test_sigterm_during_a_pause_ends_it_at_once(supervise):
    rasa, web = program("rasa"), program("web")
    bot = supervise(rasa, web)
    assert bot.next_sentence() == "READY"
    os.kill(pid_on(rasa), signal.SIGKILL)
    assert "starting it again" in bot.next_sentence()
    bot.process.terminate()
    assert bot.end() == (0, "")
    assert (pid_on(rasa), pid_on(web)) == (None, None)


def test_children_of_a_program_end_with_it(supervise):
    helper = {"health": f"http://127.0.0.1:{free_port()}"}
    bot = supervise(program("rasa", "with-child", helper["health"].rsplit(":", 1)[1]))
    assert bot.next_sentence() == "READY"
    wait_until(lambda: pid_on(helper))
    bot.process.terminate()
    bot.end()
    wait_until(lambda: pid_on(helper) is None)


def test_a_program_that_does_not_listen_is_ended_all_the_same(supervise):
    deaf = program("rasa", "deaf")
    bot = supervise(deaf)
    assert bot.next_sentence() == "READY"
    pid = pid_on(deaf)
    bot.process.terminate()
    assert bot.end() == (0, "")
    assert is_gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends programs with their parent")
def test_no_program_outlives_a_killed_supervisor(supervise):
    rasa = program("rasa")
    bot = supervise(rasa)
    assert bot.next_sentence() == "READY"
    bot.process.kill()
    wait_until(lambda: pid_on(rasa) is None)


def test_what_programs_print_is_in_their_logs(supervise, tmp_path):
    bot = supervise(program("rasa"))
    assert bot.next_sentence() == "READY"
    assert log_of(tmp_path, "rasa").startswith("started")
