"""The API document, and a page that shows it without the internet."""

import re
from importlib import resources
from pathlib import Path

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.staticfiles import StaticFiles

from services.gateway.kit.http.routing import JsonAnswer
from services.gateway.kit.shapes import JsonObject

TITLE = "Likeness"
SUMMARY = "Labels datasets by example: label a few, and the rest label themselves"
DOCUMENT = "/openapi.json"
ASSETS = "/docs-assets"
# Schemas of one name are told apart by a module; the document keeps the names that clients have been made from.
PUBLISHED = {
    "alerts__shapes__Channel": "alerts__Channel",
    "alerts__shapes__ChannelForm": "alerts__ChannelForm",
    "clusters__executions__shapes__Execution": "cluster_runs__Execution",
    "clusters__executions__shapes__ExecutionList": "cluster_runs__ExecutionList",
    "collections__analytics__shapes__Failures": "collection_analytics__Failures",
    "documents__diagnostics__shapes__Failures": "document_details__Failures",
    "documents__shapes__TaxonomyMatch": "documents__TaxonomyMatch",
    "retrievers__executions__shapes__Execution": "executions__Execution",
    "retrievers__history__shapes__ExecutionList": "history__ExecutionList",
    "collections__inline_taxonomies__shapes__TaxonomyPatch": "inline_taxonomies__TaxonomyPatch",
    "retrievers__analytics__shapes__TimeRange": "retriever_analytics__TimeRange",
    "taxonomies__shapes__TaxonomyPatch": "taxonomies__TaxonomyPatch",
    "taxonomies__runs__shapes__TaxonomyMatch": "taxonomy_runs__TaxonomyMatch",
    "kit__analytics__TimeRange": "time_range__TimeRange",
    "triggers__shapes__Execution": "triggers__Execution",
    "webhooks__shapes__Channel": "webhooks__Channel",
    "webhooks__shapes__ChannelForm": "webhooks__ChannelForm",
}
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
        made = get_openapi(
            title=TITLE, summary=SUMMARY, version=app.version, routes=app.routes, openapi_version="3.1.0"
        )
        app.openapi_schema = _published(made)
    return app.openapi_schema


def _published(made: JsonObject) -> JsonObject:
    text = orjson.dumps(made).decode()
    for name, published in PUBLISHED.items():
        text = text.replace(f"services__gateway__{name}", f"services__gateway__shapes__{published}")
    document: JsonObject = orjson.loads(text)
    document["components"]["schemas"] = dict(sorted(document["components"]["schemas"].items()))
    return document


def methods_of(app: FastAPI, path: str) -> list[str]:
    """The methods that the documented routes of a path take."""
    paths = openapi_of(app)["paths"]
    fitting = (methods for each, methods in paths.items() if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", each), path))
    return sorted({method.upper() for methods in fitting for method in methods})
