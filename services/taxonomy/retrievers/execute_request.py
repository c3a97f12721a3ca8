"""Executing a retriever on request: a stored one, or stages that come with the request."""

from dataclasses import dataclass

import orjson

from services.common.database.find_resources import get_retriever
from services.common.database.pool import Pool
from services.common.database.query_errors import database_faults
from services.common.errors import InvalidArgumentError
from services.common.filters import parse_json
from services.common.ids import Bindings
from services.taxonomy.domain import Json, Unfetched
from services.taxonomy.retrievers.engine import Engine, searched_collections
from services.taxonomy.retrievers.stage_runner import Page, Window, retrieve
from services.taxonomy.stages.base.stage import Classify, Stage, Subject
from services.taxonomy.stages.parse import parse_stages, parse_stages_json
from services.taxonomy.templates import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to run: `retriever_id`, or `stages_json` over `collection_identifiers`."""

    namespace_id: str
    retriever_id: str
    stages_json: str
    collection_identifiers: tuple[str, ...]
    inputs_json: str
    filters_json: str
    window: Window


async def execute(engine: Engine, pool: Pool, request: Request, classify: Classify) -> Page:
    """The page of results; NotFoundError for a retriever or collection that does not exist."""
    with database_faults():
        stages, identifiers, bindings = await _stages(pool, request)
    targets = await searched_collections(engine, request.namespace_id, stages, identifiers, bindings)
    templates = Templates(_inputs(request.inputs_json))
    execution = engine.execution(
        request.namespace_id, targets, templates, [Subject()], bindings=bindings, classify=classify
    )
    given = execution.fill(parse_json(request.filters_json), "filters")
    return await retrieve(stages, Unfetched(given=given), execution, request.window)


async def _stages(pool: Pool, request: Request) -> tuple[tuple[Stage, ...], tuple[str, ...], Bindings]:
    if not request.retriever_id:
        return parse_stages_json(request.stages_json), request.collection_identifiers, {}
    retriever = await get_retriever(pool, request.namespace_id, request.retriever_id)
    return parse_stages(list(retriever.stages)), retriever.collection_identifiers, retriever.bindings


def _inputs(text: str) -> dict[str, Json]:
    try:
        inputs = orjson.loads(text or "{}")
    except orjson.JSONDecodeError as error:
        raise InvalidArgumentError(f"inputs is not JSON: {error}.", path="inputs") from error
    if not isinstance(inputs, dict):
        raise InvalidArgumentError("inputs must be an object of input names and values.", path="inputs")
    return inputs
