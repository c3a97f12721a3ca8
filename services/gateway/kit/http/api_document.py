"""The API document, and a page that shows it without the internet."""

import re
from importlib import resources
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.staticfiles import StaticFiles

from services.gateway.kit.http.json_answer import JsonAnswer
from services.gateway.kit.shapes import JsonObject

TITLE = "Likeness"
SUMMARY = "Labels datasets by example: label a few, and the rest label themselves"
DOCUMENT = "/openapi.json"
ASSETS = "/docs-assets"
ROOT_NAMES = ("docs", "docs-assets", "openapi.json")

router = APIRouter(include_in_schema=False)


@router.get(DOCUMENT)
async def document(request: Request) -> Response:
    """The OpenAPI document."""
    return JsonAnswer(request.app.openapi())


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The document for programs; a page that shows it for browsers."""
    if "text/html" not in request.headers.get("accept", ""):
        return JsonAnswer(request.app.openapi())
    return get_swagger_ui_html(
        openapi_url=DOCUMENT,
        title=TITLE,
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
    )


def install(app: FastAPI) -> None:
    """Serves the document, the page and what the page needs."""
    app.include_router(router)
    assets = Path(str(resources.files("fastapi_offline") / "static"))
    app.mount(ASSETS, StaticFiles(directory=assets), name="docs-assets")


def openapi_of(app: FastAPI) -> JsonObject:
    """OpenAPI 3.1, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = get_openapi(
            title=TITLE, summary=SUMMARY, version=app.version, routes=app.routes, openapi_version="3.1.0"
        )
    return app.openapi_schema


def methods_of(app: FastAPI, path: str) -> list[str]:
    """The methods that the documented routes of a path take."""
    paths = openapi_of(app)["paths"]
    fitting = (methods for each, methods in paths.items() if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", each), path))
    return sorted({method.upper() for methods in fitting for method in methods})
