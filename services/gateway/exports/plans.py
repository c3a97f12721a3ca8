"""What an export is to do, checked where somebody still waits for it."""

import orjson

from services.common.errors import InvalidArgumentError
from services.common.export_destinations import folder_of, is_other_key, read_destinations
from services.common.filters import DOCUMENTS, compile_sql, parse
from services.common.row_types import Collection, JsonObject
from services.common.settings import Settings
from services.gateway.exports.shapes import CollectionExport, ExportDestination

NONE_ALLOWED = "this server allows none: its operator names them in LIKENESS_EXPORT_DESTINATIONS"


def inputs_of(collection: Collection, form: CollectionExport, settings: Settings) -> JsonObject:
    """The inputs of the task; InvalidArgumentError for a filter or a destination that is none."""
    wanted = form.format or "parquet"
    if form.include_media and wanted != "webdataset":
        message = f"body.include_media: only 'webdataset' holds media, not '{wanted}'; leave it out or change format."
        raise InvalidArgumentError(message, path="body.include_media")
    if form.filters is not None:
        compile_sql(parse(form.filters, "body.filters", inputs=False), start=1, table=DOCUMENTS)
    return {
        "collection_id": collection.collection_id,
        "collection_name": collection.collection_name,
        "format": wanted,
        "include_vectors": bool(form.include_vectors),
        "include_lineage": bool(form.include_lineage),
        "include_media": bool(form.include_media),
        "select_fields": form.select_fields,
        "filters": None if form.filters is None else orjson.dumps(form.filters).decode(),
        "sample_size": form.sample_size,
        "samples_per_shard": form.samples_per_shard or 1000,
        "destination": form.destination and _destination(form.destination, settings),
    }


def _destination(asked: ExportDestination, settings: Settings) -> JsonObject:
    allowed, prefix = read_destinations(settings.export_destinations), asked.prefix or ""
    if asked.connection_id not in allowed:
        known = f"the ones here are {', '.join(sorted(allowed))}" if allowed else NONE_ALLOWED
        message = f"body.destination.connection_id: there is no '{asked.connection_id}'; {known}."
        raise InvalidArgumentError(message, reason="NO_DESTINATION", path="body.destination.connection_id")
    if is_other_key(prefix):
        message = (
            f"body.destination.prefix: '{prefix[:200]}' must not begin with a slash, nor hold two in a row, a part '.' "
            "or '..', or a control character."
        )
        raise InvalidArgumentError(message, path="body.destination.prefix")
    return {"connection_id": asked.connection_id, "prefix": folder_of(prefix)}
