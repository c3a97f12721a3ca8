"""Retrievers: may be created before the collections that they search."""

from typing import Annotated

import asyncpg
from fastapi import Query, Request, Response

from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import get_row
from services.common.ids import Bindings, bound_name
from services.gateway.collections.labelling.checks import labelling_faults
from services.gateway.collections.labelling.store import deleted_dependencies, runs_of_retriever
from services.gateway.kit.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import count_of, listed, unresolved
from services.gateway.kit.lists.shapes import ListBody, ListQuery, Pagination
from services.gateway.kit.rows.dependents import deleted_dependency_warnings, dependents_of
from services.gateway.kit.rows.retriever_rows import insert_retriever
from services.gateway.kit.shapes import Degraded, Deleted, cleared
from services.gateway.retrievers.executions.unknown_field_warnings import unknown_in_stages
from services.gateway.retrievers.input_schema import read_input_schema
from services.gateway.retrievers.shapes import (
    Retriever,
    RetrieverClone,
    RetrieverCloned,
    RetrieverCreate,
    RetrieverList,
    RetrieverPatch,
    RetrieverPatched,
    to_retriever,
)
from services.gateway.retrievers.stages.shapes import checked_stages
from services.gateway.retrievers.store import LIST_RETRIEVERS, SEARCH_RETRIEVERS, resolve_collections, update_retriever

router = routes_of("Retrievers", "/retrievers")


@router.post("")
async def create_retriever(form: RetrieverCreate, tenant: InNamespace) -> Retriever:
    """Creates a retriever; a collection that it names is meant by id from the moment that it exists."""
    return await _created(form, tenant)


async def _created(form: RetrieverCreate, tenant: Tenant, bindings: Bindings | None = None) -> Retriever:
    stages = await checked_stages(tenant.gateway, form.stages)
    row = await insert_retriever(
        tenant.gateway.pool,
        tenant.namespace_id,
        form.retriever_name,
        form.collection_identifiers or [],
        stages,
        input_schema=read_input_schema(form.input_schema),
        description=form.description,
        metadata=form.metadata,
        settings=form.settings(),
        bindings=bindings,
    )
    shown = (await _shaped(tenant, [row]))[0]
    return shown.model_copy(update={"warnings": await _unknown(tenant, row)})


async def _unknown(tenant: Tenant, row: asyncpg.Record) -> list[Degraded]:
    """What to say of its filters on fields that nothing has yet."""
    return await unknown_in_stages(tenant, row["stages"], row["collection_identifiers"], row["bindings"], is_empty=True)


async def _shaped(tenant: Tenant, rows: list[asyncpg.Record]) -> list[Retriever]:
    named = {row["retriever_id"]: _meant(row) for row in rows}
    every = [identifier for identifiers in named.values() for identifier in identifiers]
    known = await resolve_collections(tenant.gateway.pool, tenant.namespace_id, every)
    return [to_retriever(row, [known[i] for i in named[row["retriever_id"]] if i in known]) for row in rows]


def _meant(row: asyncpg.Record) -> list[str]:
    return [bound_name(row["bindings"], "collection", identifier) for identifier in row["collection_identifiers"]]


@router.get("")
async def list_retrievers(
    tenant: InAnyNamespace, query: Annotated[ListQuery, Query()], request: Request, response: Response
) -> RetrieverList:
    """Lists retrievers."""
    return await _list(tenant, query, None, request, response)


@router.post("/list")
async def list_retrievers_by_body(
    tenant: InAnyNamespace,
    query: Annotated[ListQuery, Query()],
    request: Request,
    response: Response,
    body: ListBody | None = None,
) -> RetrieverList:
    """Lists retrievers, as the optional body says."""
    return await _list(tenant, query, body, request, response)


async def _list(
    tenant: Tenant | None, query: ListQuery, body: ListBody | None, request: Request, response: Response
) -> RetrieverList:
    if tenant is None:
        warnings = unresolved(response, request.headers["x-namespace"])
        return RetrieverList(results=[], total=0, pagination=Pagination(), warnings=warnings)
    async with snapshot(tenant.gateway.queries) as db:
        found = await listed(
            db,
            LIST_RETRIEVERS,
            query,
            body,
            where="r.namespace_id = $1",
            values=(tenant.namespace_id,),
            search_sql=SEARCH_RETRIEVERS,
        )
        total = await count_of(db, "retrievers", tenant.namespace_id)
    return RetrieverList(results=await _shaped(tenant, found.page.rows), total=total, pagination=found.pagination)


@router.get("/{retriever}")
async def get_retriever(retriever: str, tenant: InNamespace) -> Retriever:
    """One retriever, by id, name or `ret_<name>`."""
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    return await _warned(tenant, (await _shaped(tenant, [row]))[0], row)


@router.patch("/{retriever}")
@router.put("/{retriever}")
async def change_retriever(retriever: str, form: RetrieverPatch, tenant: InNamespace) -> RetrieverPatched:
    """Changes what is given; other stages or collections make a new version."""
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    stages = None if form.stages is None else await checked_stages(tenant.gateway, form.stages)
    given = {
        **form.model_dump(include={"retriever_name", "description", "collection_identifiers", "metadata"}),
        "stages": stages,
        "input_schema": None if form.input_schema is None else read_input_schema(form.input_schema),
        "settings": form.settings(),
    }
    nulls = cleared(form, "description", "input_schema")
    changed = await update_retriever(tenant.gateway.pool, row["retriever_id"], given, nulls)
    shown = await _warned(tenant, (await _shaped(tenant, [changed]))[0], changed)
    return RetrieverPatched(retriever=shown, warnings=shown.warnings)


async def _warned(tenant: Tenant, retriever: Retriever, row: asyncpg.Record) -> Retriever:
    """The retriever with what is amiss with how it labels, and with what it asks for."""
    pool, retriever_id = tenant.gateway.pool, retriever.retriever_id
    faults = labelling_faults(await runs_of_retriever(pool, tenant.namespace_id, retriever_id))
    return retriever.model_copy(
        update={
            "warnings": [
                *deleted_dependency_warnings(await deleted_dependencies(pool, retriever_id)),
                *faults,
                *await _unknown(tenant, row),
            ]
        }
    )


@router.post("/{retriever}/clone")
async def clone_retriever(retriever: str, form: RetrieverClone, tenant: InNamespace) -> RetrieverCloned:
    """Makes a new retriever like another, with what is to be different."""
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    given = form.model_dump(exclude_none=True, include={"collection_identifiers", "description", "metadata"})
    stages = row["stages"] if form.stages is None else form.stages
    schema = row["input_schema"] if form.input_schema is None else form.input_schema
    copied = ("collection_identifiers", "description", "metadata")
    twin = RetrieverCreate.model_validate(
        {
            **{name: row[name] for name in copied},
            **given,
            **row["settings"],
            **form.settings(),
            "retriever_name": form.retriever_name,
            "stages": stages,
            "input_schema": schema,
        }
    )
    made = await _created(twin, tenant, row["bindings"])
    return RetrieverCloned(retriever=made, source_retriever_id=row["retriever_id"])


@router.delete("/{retriever}")
async def delete_retriever(retriever: str, tenant: InNamespace) -> Deleted:
    """Deletes a retriever and its history."""
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    pool, retriever_id, name = tenant.gateway.pool, row["retriever_id"], row["retriever_name"]
    warnings = await dependents_of(pool, tenant.namespace_id, "retriever", retriever_id, name)
    await pool.execute("DELETE FROM retrievers WHERE retriever_id = $1", retriever_id)
    return Deleted(message=f"Deleted retriever {name}.", warnings=warnings)
