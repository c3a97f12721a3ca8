"""Making the bucket and the collection of an import where they are missing, and finding them where they are not."""

from urllib.parse import quote

from services.common.errors import InvalidArgumentError
from services.local.imports import rest_bodies
from services.local.imports.client import Client, JsonObject
from services.local.imports.import_request import Destination, Wanted
from services.local.imports.survey import Survey

LABEL = "label"
SHORTEST, LONGEST = 3, 100


async def destination(client: Client, wanted: Wanted, survey: Survey) -> Destination:
    """Where to import to. InvalidArgumentError when a collection of this name cannot take the set."""
    found = await client.find(f"/collections/{quote(wanted.into, safe='')}")
    return _existing(found, wanted) if found is not None else await _made(client, wanted, survey)


def _existing(found: JsonObject, wanted: Wanted) -> Destination:
    extractor, content = rest_bodies.EXTRACTORS[wanted.reading.kind]
    feature, source = found["feature_extractor"], found["source"]
    buckets, mapped = source.get("bucket_ids") or [], feature["input_mappings"].get(content)
    if feature["feature_extractor_name"] != extractor or mapped is None or not buckets:
        message = (
            f"The collection '{wanted.into}' is made by {feature['feature_extractor_name']} from "
            f"{source.get('type')}s, not by {extractor} from a bucket; name another --into or --kind."
        )
        raise InvalidArgumentError(message)
    return Destination(
        bucket_id=buckets[0],
        collection_id=found["collection_id"],
        content=mapped,
        label_field=_label_field(found, wanted),
        is_new=False,
    )


def _label_field(found: JsonObject, wanted: Wanted) -> str:
    own = (found.get("taxonomy") or {}).get("field_to_enrich")
    if own and wanted.label_field and own != wanted.label_field:
        message = f"The collection '{wanted.into}' labels '{own}', not '{wanted.label_field}'; leave --label-field out."
        raise InvalidArgumentError(message)
    return str(own or wanted.label_field or LABEL)


def _require_name(name: str) -> None:
    """The server would take the name for a bucket and refuse it for a collection."""
    if not SHORTEST <= len(name.strip()) <= LONGEST or "/" in name:
        message = f"--into '{name}': a collection's name has {SHORTEST} to {LONGEST} characters and no '/'."
        raise InvalidArgumentError(message)


async def _made(client: Client, wanted: Wanted, survey: Survey) -> Destination:
    _require_name(wanted.into)
    label_field, kind = wanted.label_field or LABEL, wanted.reading.kind
    content = rest_bodies.EXTRACTORS[kind][1]
    if label_field == content:
        raise InvalidArgumentError(f"'{content}' is the field of the content; name another --label-field.")
    bucket = await client.find(f"/buckets/{quote(wanted.into, safe='')}")
    if bucket is None:
        bucket = await client.post("/buckets", rest_bodies.bucket(wanted.into, kind, label_field))
    separator = wanted.reading.separator if survey.nested else None
    body = rest_bodies.collection(
        wanted.into, bucket["bucket_id"], kind, label_field, threshold=wanted.threshold, separator=separator
    )
    made = await client.post("/collections", body)
    return Destination(
        bucket_id=bucket["bucket_id"],
        collection_id=made["collection_id"],
        content=content,
        label_field=label_field,
        is_new=True,
    )
