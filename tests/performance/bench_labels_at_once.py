"""PATCH a label, then upload at once: how often the new example decides, out of 100.

Each of 100 photos is uploaded without a label. Then, one by one: the photo gets a label of its own, and a near copy of
it (cropped and encoded anew) is uploaded the moment the PATCH has answered. The copy must carry that label, from that
document.
"""

import asyncio
import io
from typing import Any

from PIL import Image

from tests.performance.bare import photos
from tests.performance.bench_ingest import encode
from tests.performance.client import Client, create_unified, open_client, temporary_stack
from tests.performance.report import Figure, emit

TRIES = 100
NAME = "at_once"


def near_copy(content: bytes) -> bytes:
    """The photo without its outermost 2 %, encoded anew."""
    with Image.open(io.BytesIO(content)) as image:
        width, height = image.size
        cropped = image.crop((width // 50, height // 50, width - width // 50, height - height // 50)).convert("RGB")
    buffer = io.BytesIO()
    cropped.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


async def upload(client: Client, content: bytes) -> str:
    """Uploads without a label; returns the object id."""
    answer = await client.send("POST", f"/buckets/{NAME}/objects", encode([content])[0])
    return str(answer["object_id"])


async def document_of(client: Client, object_id: str) -> dict[str, Any]:
    """The object's document, as soon as it is there."""
    filters = '{"field":"object_id","operator":"eq","value":"%s"}' % object_id  # noqa: UP031
    while True:
        answer = await client.send("GET", f"/collections/{NAME}/documents?filters={filters}")
        if answer["results"]:
            document: dict[str, Any] = answer["results"][0]
            return document
        await asyncio.sleep(0.02)


async def try_once(client: Client, number: int, object_id: str, copy: bytes) -> bool:
    """Labels, uploads at once, and says whether the new example decided."""
    label = f"label {number}"
    await client.send("PATCH", f"/buckets/{NAME}/objects/{object_id}", {"metadata": {"product_label": label}})
    copied = await upload(client, copy)
    example = await document_of(client, object_id)
    document = await document_of(client, copied)
    match = document["taxonomy_match"]
    return bool(
        document["metadata"]["product_label"] == label and match.get("source_document_id") == example["document_id"]
    )


async def count_hits() -> int:
    """How many of the tries were decided by the label set just before."""
    contents = photos(TRIES)
    with temporary_stack() as stack:
        async with open_client(stack) as client:
            await create_unified(client, NAME)
            objects = [await upload(client, content) for content in contents]
            await asyncio.gather(*(document_of(client, object_id) for object_id in objects))
            pairs = zip(objects, contents, strict=True)
            return sum([await try_once(client, n, key, near_copy(photo)) for n, (key, photo) in enumerate(pairs)])


if __name__ == "__main__":
    hits = asyncio.run(count_hits())
    emit(Figure(name="new example used at once, of 100", value=hits, unit="uploads", limit=TRIES, better="higher"))
