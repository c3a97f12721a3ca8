"""What of a set is in its bucket already, so that it is not sent again."""

from dataclasses import dataclass, field

from services.local.imports.client import Client
from services.local.imports.import_request import ID
from services.local.imports.survey import digest

HEAD = 8


@dataclass
class Present:
    """Digest of an id -> the head of its content's SHA-256, empty where it is not known."""

    contents: dict[bytes, bytes] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return digest(name) in self.contents

    def differs(self, name: str, sha256: bytes) -> bool:
        """Whether the row of this id was imported with other content."""
        known = self.contents[digest(name)]
        return bool(known) and known != sha256[:HEAD]


async def present(client: Client, bucket_id: str) -> Present:
    """Reads the ids of the rows that have been imported into a bucket."""
    found = Present()
    async for page in client.pages(f"/buckets/{bucket_id}/objects/list", {"select": [ID]}):
        for each in page:
            name = each["metadata"].get(ID)
            if isinstance(name, str):
                found.contents[digest(name)] = _head(each["blobs"])
    return found


def _head(blobs: list[dict[str, object]]) -> bytes:
    details = blobs[0]["details"] if len(blobs) == 1 else None
    told = details.get("hash") if isinstance(details, dict) else None
    return bytes.fromhex(str(told).removeprefix("sha256:"))[:HEAD] if told else b""
