"""Many annotations in one call."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from services.common.database.pool import Connection
from services.common.errors import LikenessError
from services.gateway.annotations.rejections import follow_verdicts
from services.gateway.annotations.routes import ByActor, changes_of
from services.gateway.annotations.routes import create as create_one
from services.gateway.annotations.shapes import (
    AnnotationCreate,
    BulkAnnotated,
    BulkAnnotations,
    BulkResult,
    BulkUpdateForm,
)
from services.gateway.annotations.store import Actor, edit_annotation, remove_annotation
from services.gateway.kit.affected import affected_by
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.index_refresh import refresh_index

router = routes_of("Annotations", "/annotations")
Operation = tuple[str, Callable[[Connection], Awaitable[str]]]


@router.post("/bulk")
async def annotate_in_bulk(body: BulkAnnotations, tenant: InNamespace, actor: ByActor) -> BulkAnnotated:
    """Creates, updates and deletes annotations, each of them apart from the others."""
    results = []
    touched: set[str] = set()
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        for name, operation in _operations(body, tenant, actor, touched):
            results.append(await _attempt(connection, name, operation))
        found = await follow_verdicts(connection, tenant.namespace_id, touched)
    await refresh_index(tenant.gateway, sorted(touched))
    done = Counter(each.operation for each in results if each.success)
    return BulkAnnotated(
        created_count=done["create"],
        updated_count=done["update"],
        deleted_count=done["delete"],
        failed_count=sum(not each.success for each in results),
        results=results,
        **await affected_by(tenant.gateway, found),
    )


def _operations(body: BulkAnnotations, tenant: Tenant, actor: Actor, touched: set[str]) -> Iterator[Operation]:
    """What is asked for, one by one; each that succeeds adds the document that it is about to `touched`."""

    async def create(connection: Connection, form: AnnotationCreate) -> str:
        row = await create_one(tenant, connection, form, actor)
        touched.add(row["document_id"])
        return str(row["annotation_id"])

    async def update(connection: Connection, form: BulkUpdateForm) -> str:
        row = await edit_annotation(connection, tenant.namespace_id, form.annotation_id, changes_of(form), actor)
        touched.add(row["document_id"])
        return form.annotation_id

    async def delete(connection: Connection, annotation_id: str) -> str:
        touched.add(await remove_annotation(connection, tenant.namespace_id, annotation_id))
        return annotation_id

    yield from (("create", partial(create, form=form)) for form in body.create)
    yield from (("update", partial(update, form=form)) for form in body.update)
    yield from (("delete", partial(delete, annotation_id=each)) for each in body.delete)


async def _attempt(connection: Connection, name: str, operation: Callable[[Connection], Awaitable[str]]) -> BulkResult:
    try:
        async with connection.transaction():
            return BulkResult(annotation_id=await operation(connection), operation=name, success=True)
    except LikenessError as error:
        return BulkResult(operation=name, success=False, error=error.message)
