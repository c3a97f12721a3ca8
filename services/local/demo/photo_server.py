"""A web server for the photos, so that some of them can be uploaded by URL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """Serves an absolute folder on a free port of this machine; yields its url."""
    app = web.Application()
    app.router.add_static("/photos", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/photos"
    finally:
        await runner.cleanup()
