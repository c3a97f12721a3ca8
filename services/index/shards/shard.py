"""All vectors of one feature of one collection, and the views made of them."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.index.domain import DocumentId, RowKey, ShardKey
from services.index.shards.entries import Entries
from services.index.shards.stored_vectors import Rows
from services.index.shards.view import View
from services.index.vectors.vector_space import Space

VIEWS = 64


@dataclass(frozen=True, slots=True)
class Pin:
    """What a collection pinned when it was created: which model fills the slot, and the length of its vectors."""

    model: str
    dimensions: int


class Shard:
    """Derived from the database; `version` counts the changes taken in."""

    def __init__(self, key: ShardKey, pin: Pin, space: Space, entries: Entries) -> None:
        self.key = key
        self.pin = pin
        self.space = space
        self.entries = entries
        self.version = 0
        self._views: OrderedDict[str, View] = OrderedDict()

    @property
    def views(self) -> list[View]:
        """The views kept up to date, the one that was used last at the end."""
        return list(self._views.values())

    def view(self, filter_json: str) -> View | None:
        """The view of a canonical filter, if it is kept; counts as a use."""
        view = self._views.get(filter_json)
        if view is not None:
            self._views.move_to_end(filter_json)
        return view

    def keep(self, view: View) -> None:
        """Keeps a view up to date from now on, and drops the one unused for longest when there are too many."""
        self._views[view.filter_json] = view
        while len(self._views) > VIEWS:
            self._views.popitem(last=False)

    def drop(self, view: View) -> None:
        """Forgets a view; the next search makes it anew."""
        self._views.pop(view.filter_json, None)

    async def put(self, rows: Rows) -> None:
        """Adds or replaces documents."""
        moved = [self.entries.key_of(entry.document_id) for entry in rows.entries]
        stale = [old for old, entry in zip(moved, rows.entries, strict=True) if old not in (None, entry.key)]
        await self._forget([key for key in stale if key is not None])
        for entry in rows.entries:
            self.entries.add(entry)
        await self.space.put([entry.key for entry in rows.entries], rows.vectors)
        self.version += 1

    async def remove(self, document_ids: Iterable[DocumentId]) -> None:
        """Removes documents, from the views too; unknown ones are ignored."""
        keys = [self.entries.discard(document_id) for document_id in document_ids]
        await self._forget([key for key in keys if key is not None])
        self.version += 1

    async def _forget(self, keys: Sequence[RowKey]) -> None:
        if not keys:
            return
        await self.space.remove(keys)
        for view in self.views:
            await view.remove(keys)
