"""Sending rows: a few parcels at a time, while the next ones are read."""

import asyncio
from collections.abc import Callable, Iterator

import orjson

from services.common.errors import UnavailableError
from services.local.imports.account import Account
from services.local.imports.client import Client, JsonObject, RefusedError
from services.local.imports.pack_objects import Packed

AT_ONCE = 4
FAULTS = frozenset(
    {
        "InternalServerError",
        "ProcessingError",
        "StorageError",
        "InferenceServiceUnavailableError",
        "TooManyRequestsError",
    }
)
"""Errors that are the server's, not the row's."""
TRIES, PAUSE_SECONDS = 4, 1.0
Done = Callable[[int], None]


class Sender:
    """Sends parcels to a bucket and writes down what became of each row; `done` is told how many more have ended."""

    def __init__(self, client: Client, bucket_id: str, account: Account, done: Done) -> None:
        self._client = client
        self._bucket = f"/buckets/{bucket_id}"
        self._account = account
        self._done = done

    async def send(self, parcels: Iterator[list[Packed]]) -> None:
        """Sends all. What goes wrong with one row is written down; what goes wrong with the server ends it."""
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await room.acquire()
                parcel = await asyncio.to_thread(next, parcels, None)
                if parcel is None:
                    break
                tasks.create_task(self._deliver(parcel, room))

    async def _deliver(self, parcel: list[Packed], room: asyncio.Semaphore) -> None:
        try:
            await self._parcel(parcel)
            self._done(len(parcel))
        finally:
            room.release()

    async def _parcel(self, parcel: list[Packed]) -> None:
        for attempt in range(TRIES):
            parcel, fault = await self._once(parcel)
            if not parcel:
                return
            await asyncio.sleep(PAUSE_SECONDS * 2**attempt)
        raise UnavailableError(f"The server cannot take '{parcel[0].id}' now: {fault}")

    async def _once(self, parcel: list[Packed]) -> tuple[list[Packed], str]:
        """Sends a parcel; returns what of it is to be sent again, and why."""
        try:
            bodies = [await self._body(each) for each in parcel]
            answer = await self._client.post(
                f"{self._bucket}/objects/batch", b'{"objects":[' + b",".join(bodies) + b"]}"
            )
        except RefusedError as error:
            return await self._refused(parcel, error)
        for each in answer["succeeded"]:
            self._account.keep(parcel[each["object_index"]].id, was_there=bool(each["replayed"]))
        return self._failed(parcel, answer["failed"])

    def _failed(self, parcel: list[Packed], failed: list[JsonObject]) -> tuple[list[Packed], str]:
        again, fault = [], ""
        for each in failed:
            packed = parcel[each["object_index"]]
            if each["error_type"] in FAULTS:
                again.append(packed)
                fault = each["error"]
            else:
                self._account.skip(packed.id, each["error"])
        return again, fault

    async def _refused(self, parcel: list[Packed], error: RefusedError) -> tuple[list[Packed], str]:
        """A parcel that was refused as a whole: row by row it is found which one is at fault."""
        if error.status >= 500:
            return parcel, error.message
        if error.status in (403, 404):
            raise error
        if len(parcel) == 1:
            self._account.skip(parcel[0].id, error.message)
            return [], ""
        again = [await self._once([each]) for each in parcel]
        return [each for packed, _ in again for each in packed], next((why for _, why in again if why), "")

    async def _body(self, packed: Packed) -> bytes:
        """The object's JSON, for a large file once its bytes have gone ahead."""
        if packed.large is None:
            return packed.json
        made = await self._client.post(
            f"{self._bucket}/uploads",
            {
                "filename": packed.name,
                "content_type": packed.mime_type,
                "file_size_bytes": len(packed.large),
                "create_object_on_confirm": False,
            },
        )
        await self._client.put(made["presigned_url"], packed.large, packed.mime_type)
        await self._client.post(f"{self._bucket}/uploads/{made['upload_id']}/confirm", {})
        body = orjson.loads(packed.json)
        body["blobs"][0]["upload_id"] = made["upload_id"]
        return orjson.dumps(body)
