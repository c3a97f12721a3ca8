"""Annotations: the record of what people found when they checked documents. Nothing in it is overwritten."""

from typing import Annotated

from fastapi import Depends, Query

from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import find_row, get_collection
from services.common.database.pool import Connection
from services.common.errors import InvalidArgumentError
from services.gateway.annotations.history import at_version
from services.gateway.annotations.lists import Wanted, count_labels, list_annotations, with_revisions
from services.gateway.annotations.rejections import follow_verdicts
from services.gateway.annotations.shapes import (
    Annotation,
    AnnotationCreate,
    AnnotationDeleted,
    AnnotationList,
    AnnotationPatch,
    Annotations,
    AnnotationStats,
    AnnotationVersions,
    AnnotationWritten,
    VersionDescriptor,
    to_annotation,
)
from services.gateway.annotations.store import Actor, add_annotation, edit_annotation, get_annotation, remove_annotation
from services.gateway.kit.affected import affected_by
from services.gateway.kit.context import Identified, InNamespace, Tenant
from services.gateway.kit.http.routing import JsonAnswer, routes_of
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.kit.shapes import JsonObject

router = routes_of("Annotations", "/annotations")
ONE = "/{annotation_id}"


def actor_of(identity: Identified) -> Actor:
    """The user whose key was sent, or the key when it is nobody's."""
    if identity.key.user_email:
        return Actor(actor_id=identity.key.user_email, actor_type="user")
    return Actor(actor_id=identity.key.key_id, actor_type="api_key")


ByActor = Annotated[Actor, Depends(actor_of)]


@router.post("", response_model=AnnotationWritten)
async def create_annotation(form: AnnotationCreate, tenant: InNamespace, actor: ByActor) -> JsonAnswer:
    """Says what a person found of a document; about a machine's label it says whether that was right."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        row = await create(tenant, connection, form, actor)
        found = await follow_verdicts(connection, tenant.namespace_id, [row["document_id"]])
    await refresh_index(tenant.gateway, [row["document_id"]])
    affected = await affected_by(tenant.gateway, found)
    return JsonAnswer(to_annotation({**row, "revisions": []}) | affected)


async def create(tenant: Tenant, connection: Connection, form: AnnotationCreate, actor: Actor) -> JsonObject:
    """Adds an annotation; the collection that the request names must be the document's."""
    row = dict(await add_annotation(connection, tenant.namespace_id, form.model_dump(), actor))
    if form.collection_id is not None:
        named = await get_collection(connection, tenant.namespace_id, form.collection_id)
        if named.collection_id != row["collection_id"]:
            raise InvalidArgumentError("The document lies in another collection.", path="body.collection_id")
    return row


@router.get("", response_model=Annotations)
@router.post("/list", response_model=Annotations)
async def list_all(
    tenant: InNamespace,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    body: AnnotationList | None = None,
) -> JsonAnswer:
    """Lists annotations, the oldest first; with `as_of`, as they stood then."""
    asked = body or AnnotationList()
    collection_id = await _collection(tenant, asked.collection_id)
    wanted = Wanted(**asked.model_dump(exclude={"collection_id"}), collection_id=collection_id)
    async with snapshot(tenant.gateway.queries) as db:
        rows, total = await list_annotations(db, tenant.namespace_id, wanted, skip, limit)
    return JsonAnswer({"results": [to_annotation(row) for row in rows], "total_count": total})


async def _collection(tenant: Tenant, identifier: str | None) -> str | None:
    """The id of a collection, also of one that is gone: its annotations stay."""
    if identifier is None:
        return None
    row = await find_row(tenant.gateway.pool, "collection", tenant.namespace_id, identifier)
    return identifier if row is None else str(row["collection_id"])


@router.get("/stats")
async def annotation_stats(
    tenant: InNamespace, document_id: str | None = None, collection_id: str | None = None
) -> AnnotationStats:
    """How many annotations there are of each label."""
    collection = await _collection(tenant, collection_id)
    counts = await count_labels(tenant.gateway.pool, tenant.namespace_id, document_id, collection)
    return AnnotationStats(total=sum(counts.values()), by_label=counts)


@router.get(ONE, response_model=Annotation)
async def read_annotation(annotation_id: str, tenant: InNamespace) -> JsonAnswer:
    """One annotation with its revisions."""
    return JsonAnswer(to_annotation(await _whole(tenant, annotation_id)))


async def _whole(tenant: Tenant, annotation_id: str) -> JsonObject:
    async with snapshot(tenant.gateway.pool) as db:
        row = await get_annotation(db, tenant.namespace_id, annotation_id)
        return (await with_revisions(db, [row]))[0]


@router.patch(ONE, response_model=AnnotationWritten)
async def patch_annotation(
    annotation_id: str, form: AnnotationPatch, tenant: InNamespace, actor: ByActor
) -> JsonAnswer:
    """Makes a new version; the one before stays readable."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        row = await edit_annotation(connection, tenant.namespace_id, annotation_id, changes_of(form), actor)
        found = await follow_verdicts(connection, tenant.namespace_id, [row["document_id"]])
    await refresh_index(tenant.gateway, [row["document_id"]])
    affected = await affected_by(tenant.gateway, found)
    return JsonAnswer(to_annotation(await _whole(tenant, annotation_id)) | affected)


def changes_of(form: AnnotationPatch) -> JsonObject:
    """What a request changes."""
    return form.model_dump(include=set(AnnotationPatch.model_fields), exclude_none=True)


@router.delete(ONE)
async def delete_annotation(annotation_id: str, tenant: InNamespace) -> AnnotationDeleted:
    """Deletes an annotation; lists as of an earlier time still show it."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        document_id = await remove_annotation(connection, tenant.namespace_id, annotation_id)
        found = await follow_verdicts(connection, tenant.namespace_id, [document_id])
    await refresh_index(tenant.gateway, [document_id])
    return AnnotationDeleted(message=f"Deleted annotation {annotation_id}.", **await affected_by(tenant.gateway, found))


@router.get(f"{ONE}/versions")
async def list_versions(annotation_id: str, tenant: InNamespace) -> AnnotationVersions:
    """The versions of an annotation, the newest first, and what the edit after each changed."""
    row = await _whole(tenant, annotation_id)
    earlier = [
        VersionDescriptor(
            current=False,
            changed_fields=sorted(each["prior"]),
            **{name: each[name] for name in ("version", "edited_at", "edited_by", "edited_by_type")},
        )
        for each in reversed(row["revisions"])
    ]
    current = VersionDescriptor(version=row["version"], current=True)
    return AnnotationVersions(annotation_id=annotation_id, current_version=row["version"], versions=[current, *earlier])


@router.get(f"{ONE}/versions/{{version}}", response_model=Annotation)
async def read_version(annotation_id: str, version: int, tenant: InNamespace) -> JsonAnswer:
    """An annotation as one of its versions had it."""
    row = await _whole(tenant, annotation_id)
    return JsonAnswer(to_annotation({**at_version(row, row["revisions"], version), "revisions": row["revisions"]}))
