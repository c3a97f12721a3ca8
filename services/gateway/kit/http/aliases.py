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


class Aliases:
    """Rewrites each request's path to its canonical form; no redirects."""

    def __init__(self, app: ASGIApp, root_names: Collection[str]) -> None:
        self._app = app
        self._root_names = root_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on under its canonical path."""
        if scope["type"] == "http":
            path = canonical(scope["path"], self._root_names)
            scope = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)
