"""A program to be supervised: `child.py PORT [dies | dies-if FILE | unhealthy | deaf | with-child OTHER_PORT]`."""

import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

port, manner = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""


class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(os.getpid()).encode()
        self.send_response(503 if manner == "unhealthy" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def leave(*_):
    print("stopped", time.monotonic_ns(), flush=True)
    sys.exit(0)


print("started", flush=True)
signal.alarm(120)  # whatever becomes of the test, nothing is left behind
if manner == "dies" or (manner == "dies-if" and Path(sys.argv[3]).exists()):
    sys.exit("no configuration found")
signal.signal(signal.SIGTERM, signal.SIG_IGN if manner == "deaf" else leave)
if manner == "with-child":
    subprocess.Popen([sys.executable, __file__, sys.argv[3]])
HTTPServer(("127.0.0.1", port), Health).serve_forever()
