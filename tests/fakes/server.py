"""What every fake over HTTP needs: an address of its own, serving in a thread, an end for those that wait."""

import contextlib
import json
import sys
import threading
from http.server import ThreadingHTTPServer

# Nothing a test does keeps a connection waiting for longer.
PATIENCE = 60


class Quiet:
    """Beside `BaseHTTPRequestHandler`: answers the requests of one fake, which it finds as `fake`."""

    protocol_version = "HTTP/1.1"
    fake = None

    def log_message(self, *_):
        pass

    def body(self):
        """What was posted, whole.

        Raises:
            ConnectionResetError: its sender went away before the end of it.
        """
        length = int(self.headers["Content-Length"] or 0)
        raw = self.rfile.read(length)
        if len(raw) < length:
            raise ConnectionResetError("cut short")
        return raw

    def say(self, content, status=200):
        """Answer with JSON; None is an empty body."""
        body = b"" if content is None else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    # A thousand may knock at once.
    request_queue_size = 256

    def handle_error(self, request, client_address):
        # Programs are killed here on purpose.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class FakeServer:
    """A fake that listens on loopback while it is `serving`."""

    def __init__(self, handler, port=0):
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), type("Bound", (handler,), {"fake": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def serving(self):
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._closing.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def wait_for_the_end(self):
        self._closing.wait(PATIENCE)
