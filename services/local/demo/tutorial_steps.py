"""The tutorial's Option A, step by step, on real photos."""

import asyncio
import base64
from collections.abc import Sequence

import orjson

from services.local.demo import tutorial_bodies
from services.local.demo.api_client import Api
from services.local.demo.photos import Photo
from services.local.demo.report import Advance, Reporter
from services.local.demo.score import Outcome
from services.local.demo.tutorial_bodies import LABEL, NAME, JsonObject

BUCKET = f"/buckets/bkt_{NAME}"
COLLECTION = f"/collections/col_{NAME}"
UPLOADS_AT_ONCE = 8
POLL_SECONDS = 0.1
DONE = {"COMPLETED", "FAILED"}


class Tutorial:
    """One performance against one stack; `photos_url` serves the photos by their names."""

    def __init__(self, api: Api, photos_url: str, reporter: Reporter) -> None:
        self._api = api
        self._photos_url = photos_url
        self._reporter = reporter
        self._photos: dict[str, Photo] = {}

    async def create(self, threshold: float) -> JsonObject:
        """Step 1: bucket, retriever, and the collection that refers to itself; returns the collection."""
        await self._api.post("/buckets", tutorial_bodies.bucket())
        await self._api.post("/retrievers", tutorial_bodies.retriever(threshold))
        return await self._api.post("/collections", tutorial_bodies.collection(threshold))

    async def upload(self, prefix: str, photos: Sequence[Photo], fields: JsonObject | None = None) -> list[str]:
        """Steps 2 and 4: uploads photos, every other one by URL, and waits; returns the ids of their objects."""
        gate = asyncio.Semaphore(UPLOADS_AT_ONCE)

        async def upload_one(number: int, photo: Photo) -> str:
            async with gate:
                data = await (self._as_url(photo) if number % 2 else _as_data_uri(photo))
                created = await self._api.post(f"{BUCKET}/objects", tutorial_bodies.upload(prefix, data, fields))
                self._photos[created["object_id"]] = photo
                return str(created["object_id"])

        with self._reporter.progress("uploading and processing", len(photos)) as advance:
            ids = await asyncio.gather(*(upload_one(number, photo) for number, photo in enumerate(photos)))
            await self._wait(set(ids), advance)
        return ids

    async def label(self, object_ids: Sequence[str]) -> None:
        """Steps 3 and 5: a person labels objects; the person knows what the photos show."""
        for object_id in object_ids:
            await self._api.patch(f"{BUCKET}/objects/{object_id}", tutorial_bodies.label(self._photos[object_id].kind))

    async def outcomes(self, object_ids: Sequence[str]) -> list[Outcome]:
        """What became of these objects, in their order."""
        documents = await self._api.list_all(f"{COLLECTION}/documents")
        names = {document["document_id"]: self._photo_of(document).name for document in documents}
        by_object = {_object_of(document): document for document in documents}
        return [self._outcome(by_object[object_id], names) for object_id in object_ids]

    async def unknown(self) -> list[str]:
        """The objects of the documents that wait for a person."""
        filters = orjson.dumps(tutorial_bodies.UNKNOWN).decode()
        return [_object_of(found) for found in await self._api.list_all(f"{COLLECTION}/documents", filters=filters)]

    async def _as_url(self, photo: Photo) -> JsonObject:
        return {"url": f"{self._photos_url}/{photo.name}"}

    async def _wait(self, waiting: set[str], advance: Advance) -> None:
        while waiting:
            objects = await self._api.list_all(f"{BUCKET}/objects")
            done = {found["object_id"] for found in objects if found["status"] in DONE} & waiting
            advance(len(done))
            waiting -= done
            await asyncio.sleep(POLL_SECONDS)

    def _photo_of(self, document: JsonObject) -> Photo:
        return self._photos[_object_of(document)]

    def _outcome(self, document: JsonObject, names: dict[str, str]) -> Outcome:
        match = document["taxonomy_match"]
        return Outcome(
            object_id=_object_of(document),
            photo=self._photo_of(document),
            label=document["metadata"][LABEL],
            confidence=match["confidence"],
            decided_by=names.get(match.get("source_document_id", "")),
        )


async def _as_data_uri(photo: Photo) -> str:
    content = await asyncio.to_thread(photo.path.read_bytes)
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def _object_of(document: JsonObject) -> str:
    return str(document["_internal"]["lineage"]["source_object_id"])
