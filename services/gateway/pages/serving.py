"""The pages for people: one shell for all of them, and the modules and styles that it loads.

They are plain ES modules and standard elements: there is nothing to build, and nothing of others' in them.
"""

import hashlib
from importlib import resources
from pathlib import Path

from fastapi import APIRouter, FastAPI, Response
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS = "/pages"
ROOT_NAMES = ("pages", "sign-in", "sign-out", "progress", "review", "labels", "document")
# What browsers see at these is a page; programs that leave out `/v1` mean the API.
PAGE_NAMES = ("clusters",)
FOLDER = Path(str(resources.files("services.gateway.pages") / "static"))
FOREVER = "public, max-age=31536000, immutable"
POLICY = "; ".join(
    (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:"),
        *("connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"),
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Vary": "Accept",
}

router = APIRouter(include_in_schema=False)


def version_of(folder: Path) -> str:
    """Changes with any of the files, so that browsers may keep each version for good."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


class Assets(StaticFiles):
    """Files that never change under their address."""

    def file_response(self, *args: object, **options: object) -> Response:
        """The file, or that the browser has it."""
        response = super().file_response(*args, **options)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = FOREVER
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


@router.get("/")
@router.get("/sign-in")
@router.get("/progress")
@router.get("/review/{collection}")
@router.get("/labels/{collection}")
@router.get("/clusters/{collection}")
@router.get("/document/{collection}/{document_id}")
async def shell() -> HTMLResponse:
    """The page around all views; its script reads the address and shows the right one."""
    return HTMLResponse(SHELL, headers=HEADERS)


def install(app: FastAPI) -> None:
    """Serves the pages."""
    app.include_router(router)
    app.mount(BASE, Assets(directory=FOLDER), name="pages")


BASE = f"{ASSETS}/{version_of(FOLDER)}"
SHELL = (FOLDER / "shell.html").read_text().replace("{base}", BASE)
