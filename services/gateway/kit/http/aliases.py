"""Paths that mean the same: `/api/v1/x`, `/x` and `/v1/x/` are all `/v1/x`."""

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

BASE = "/v1"
API_BASE = "/api/v1"


def canonical(path: str, root_names: Collection[str]) -> str:
    """The path that the routes know; `root_names` are first segments that stay at the root, such as `docs`."""
    path = path.rstrip("/") or "/"
    if path == API_BASE or path.startswith(f"{API_BASE}/"):
        path = path.removeprefix("/api")
    first = path.split("/", 2)[1]
    if path in ("/", BASE) or path.startswith(f"{BASE}/") or first in root_names:
        return path
    return BASE + path


def wants_a_page(scope: Scope) -> bool:
    """Whether a browser asks for something to show, as no program does."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] in ("GET", "HEAD") and b"text/html" in accepted


class Aliases:
    """Rewrites each request's path to its canonical form; no redirects.

    `page_names` are first segments that browsers see as pages, and programs as the API, such as `clusters`.
    """

    def __init__(self, app: ASGIApp, root_names: Collection[str], page_names: Collection[str] = ()) -> None:
        self._app = app
        self._root_names = root_names
        self._page_names = page_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on under its canonical path."""
        if scope["type"] == "http":
            roots = (*self._root_names, *self._page_names) if wants_a_page(scope) else self._root_names
            path = canonical(scope["path"], roots)
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)
