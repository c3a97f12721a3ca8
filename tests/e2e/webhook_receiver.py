"""A receiver of webhooks on 127.0.0.1 that keeps what it is sent."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.e2e.api import JsonObject
from tests.support.waiting import wait_for
from tests.support.web_servers import serving


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: its path, its headers by lower-case name, its body as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> JsonObject:
        """The body as JSON."""
        return dict(json.loads(self.body))


@dataclass(frozen=True)
class Receiver:
    """`url` has no path; whatever path a test adds tells its calls from others'."""

    url: str
    calls: list[Call]

    def at(self, path: str) -> list[Call]:
        """What came to this path, in order."""
        return [call for call in self.calls if call.path == path]

    def wait(self, path: str, wanted: Callable[[JsonObject], bool] = lambda _: True) -> Call:
        """The first call to this path whose content is wanted, once it is there."""
        found = wait_for(lambda: [call for call in self.at(path) if wanted(call.content)], bool)
        return found[0]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that answers 204 to every POST."""
    calls: list[Call] = []
    with serving(partial(Handler, calls)) as url:
        yield Receiver(url, calls)


class Handler(BaseHTTPRequestHandler):
    """Keeps each call, then says that it has it."""

    def __init__(self, calls: list[Call], *arguments: Any) -> None:
        self.calls = calls
        super().__init__(*arguments)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.calls.append(Call(path=self.path, headers=headers, body=body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
