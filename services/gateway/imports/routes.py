"""Importing documents of another system into a collection, by a mapping."""

from dataclasses import dataclass, field

from services.common.database.find_resources import get_collection
from services.common.errors import InvalidArgumentError
from services.common.row_types import Collection
from services.gateway.imports.inference import inferred
from services.gateway.imports.mapping_checks import faults
from services.gateway.imports.reconstruction import Source, reconstructed, sources
from services.gateway.imports.shapes import (
    ImportRequest,
    ImportResponse,
    ImportRowError,
    MappingValidationRequest,
    MappingValidationResult,
    SchemaInferenceRequest,
    SchemaInferenceResult,
)
from services.gateway.imports.write_documents import checked, row_of, write
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.index_refresh import refresh_index

router = routes_of("Collections", "/collections")


@dataclass
class _Tally:
    """What has become of the rows so far."""

    reconstructed: int = 0
    without_vector: int = 0
    before: int = 0
    documents: list[str] = field(default_factory=list)
    errors: list[ImportRowError] = field(default_factory=list)


@router.post("/import/infer")
async def infer(form: SchemaInferenceRequest, tenant: InNamespace) -> SchemaInferenceResult:
    """The fields of an export's rows, their types, and where each may land."""
    return inferred(form)


@router.post("/import/validate-mapping")
async def validate_mapping(form: MappingValidationRequest, tenant: InNamespace) -> MappingValidationResult:
    """What of a mapping cannot work."""
    found = faults(form)
    return MappingValidationResult(ok=not found, errors=found)


@router.post("/{collection}/import")
async def import_documents(collection: str, form: ImportRequest, tenant: InNamespace) -> ImportResponse:
    """Makes documents of one export, up to 1000, by a mapping; each is stored or refused by itself.

    A label that comes along counts as imported. With an identity `document_id` a second import doubles nothing.
    """
    found = await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    _require_fields(form)
    tally = _Tally()
    for number, source in enumerate(sources(form.export or {}, form.explode)):
        try:
            await _import(tenant, found, source, form, tally)
        except InvalidArgumentError as error:
            row = -1 if form.explode is None else number
            tally.errors.append(ImportRowError(row=row, error=error.message))
    await refresh_index(tenant.gateway, tally.documents)
    return _answer(form, found, tally)


def _require_fields(form: ImportRequest) -> None:
    if not form.mapping.fields:
        path = "body.mapping.fields"
        raise InvalidArgumentError(f"{path} is empty: nothing would be imported.", path=path)
    if not form.export:
        raise InvalidArgumentError("body.export is empty: there is nothing to import.", path="body.export")


async def _import(tenant: Tenant, collection: Collection, source: Source, form: ImportRequest, tally: _Tally) -> None:
    document = reconstructed(source, form.mapping)
    row = row_of(document, form.mapping, collection)
    await checked(tenant, collection, row)
    tally.reconstructed += 1
    tally.without_vector += not row.embeddings
    if form.dry_run:
        return
    written = await write(tenant, collection, row, document)
    if written is None:
        tally.before += 1
    else:
        tally.documents.append(written)


def _answer(form: ImportRequest, collection: Collection, tally: _Tally) -> ImportResponse:
    warnings = [f"{tally.before} documents were there already and are left as they are."] if tally.before else []
    if tally.without_vector and collection.feature_uri is not None:
        warnings.append(f"{tally.without_vector} documents have no vector: no search finds them.")
    return ImportResponse(
        imported=len(tally.documents),
        reconstructed=tally.reconstructed,
        skipped=len(tally.errors),
        dry_run=form.dry_run,
        errors=tally.errors,
        warnings=warnings,
    )
