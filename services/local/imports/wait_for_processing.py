"""After the uploads: waiting until they have been processed, what failed at that, and deciding what came too early."""

import asyncio

from services.local.imports.account import Account
from services.local.imports.client import Client, JsonObject
from services.local.imports.import_request import ID, Destination
from services.local.imports.send_objects import Done

POLL_SECONDS = 0.5
OPEN = ("PENDING", "PROCESSING")
ENDED = ("COMPLETED", "FAILED", "KILLED", "CANCELED")
BY_STATUS: JsonObject = {
    "group_by": [{"field": "status"}],
    "aggregations": [{"function": "count", "alias": "objects"}],
}
FAILED: JsonObject = {"filters": {"field": "status", "operator": "eq", "value": "FAILED"}, "select": [ID]}


async def open_objects(client: Client, to: Destination) -> int:
    """How many objects of the bucket wait or are being processed."""
    counted = await client.post(f"/buckets/{to.bucket_id}/objects/aggregate", BY_STATUS)
    by_status = {each["group"]["status"]: each["metrics"]["objects"] for each in counted["results"]}
    return sum(int(by_status.get(status, 0)) for status in OPEN)


async def processed(client: Client, to: Destination, waiting: int, done: Done) -> None:
    """Returns when nothing is open any more; `waiting` is how many are open now."""
    while waiting:
        await asyncio.sleep(POLL_SECONDS)
        left = min(await open_objects(client, to), waiting)
        done(waiting - left)
        waiting = left


async def write_failures(client: Client, to: Destination, account: Account) -> None:
    """Writes down the rows of the set that could not be processed, in this import or in an earlier one."""
    async for page in client.pages(f"/buckets/{to.bucket_id}/objects/list", FAILED):
        for each in page:
            name = each["metadata"].get(ID)
            if isinstance(name, str):
                account.fail(name, each["error"] or "could not be processed")


async def decide_again(client: Client, to: Destination) -> None:
    """Lets the collection decide about all that has no label, by all labels that have come since it arrived."""
    task = await client.post(f"/collections/{to.collection_id}/apply-taxonomy", {})
    while task["status"] not in ENDED:
        await asyncio.sleep(POLL_SECONDS)
        task = await client.get(f"/tasks/{task['task_id']}")
