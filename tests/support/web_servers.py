"""Web servers on 127.0.0.1, in threads: one with files, and one that behaves as badly as its paths say."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.media.pictures import noise_jpeg

CHUNK = b"\0" * 65536
METADATA_SERVICE = "http://169.254.169.254/latest/meta-data/"


class Handler(BaseHTTPRequestHandler):
    """Each path is one way to answer."""

    def do_GET(self) -> None:
        match self.path:
            case "/photo.jpg":
                self._answer(noise_jpeg(4_000_000))
            case "/once":
                self._redirect("/photo.jpg")
            case "/forever":
                self._redirect("/forever")
            case "/inside":
                self._redirect(METADATA_SERVICE)
            case "/slow":
                time.sleep(30)
            case "/endless":
                self._stream()
            case _:
                self.send_error(404)

    def _answer(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _redirect(self, location: str) -> None:
        self.send_response(302)
        self.send_header("Location", location)
        self.end_headers()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        try:
            for _ in range(10_000):
                self.wfile.write(CHUNK)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answers every request by the handler, in threads; yields the server's url."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def web_server() -> AbstractContextManager[str]:
    """A server that behaves as badly as its paths say."""
    return serving(Handler)


def file_server(folder: Path) -> AbstractContextManager[str]:
    """A server that behaves, with the files of a folder."""
    return serving(partial(Quiet, directory=str(folder)))


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
