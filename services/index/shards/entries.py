"""Who is in a shard: document id <-> row key, and the documents of each object."""

from collections.abc import Iterable, Iterator, Sequence

from services.index.domain import DocumentId, Entry, ObjectId, RowKey


class Entries:
    """The entries of one shard; one per document."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._by_key: dict[RowKey, Entry] = {}
        self._by_document: dict[DocumentId, RowKey] = {}
        self._by_object: dict[ObjectId, tuple[RowKey, ...]] = {}
        for entry in entries:
            self.add(entry)

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._by_key.values())

    def __contains__(self, document_id: DocumentId) -> bool:
        return document_id in self._by_document

    def entry(self, key: RowKey) -> Entry | None:
        """Whose vector lies under `key`."""
        return self._by_key.get(key)

    def key_of(self, document_id: DocumentId) -> RowKey | None:
        """The row key of a document."""
        return self._by_document.get(document_id)

    def keys_of_object(self, object_id: ObjectId) -> Sequence[RowKey]:
        """The row keys of an object's documents."""
        return self._by_object.get(object_id, ())

    def add(self, entry: Entry) -> None:
        """Adds an entry, in place of what the document had, and of who had the key."""
        holder = self._by_key.get(entry.key)
        if holder == entry:
            return
        if holder is not None:
            self.discard(holder.document_id)
        self.discard(entry.document_id)
        self._by_key[entry.key] = entry
        self._by_document[entry.document_id] = entry.key
        self._by_object[entry.object_id] = (*self.keys_of_object(entry.object_id), entry.key)

    def discard(self, document_id: DocumentId) -> RowKey | None:
        """Removes a document; returns the key it had."""
        key = self._by_document.pop(document_id, None)
        if key is None:
            return None
        object_id = self._by_key.pop(key).object_id
        rest = tuple(other for other in self._by_object[object_id] if other != key)
        if rest:
            self._by_object[object_id] = rest
        else:
            del self._by_object[object_id]
        return key
