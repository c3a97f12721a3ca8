"""What is read of the members of groups: some of each group, from all over it."""

from collections.abc import Mapping, Sequence

from services.common.database.pool import Executor
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.worker.clusters.enrichment.enriched_document import said_by_others
from services.worker.clusters.names.member_words import Member

# Of each group; more would tell no more.
MOST_MEMBERS = 200
READ = "SELECT document_id, collection_id, fields, internal FROM documents WHERE document_id = ANY($1)"


async def label_fields_by_collection(db: Executor, collection_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The fields of each collection that taxonomies fill."""
    return {each: await label_fields_of(db, each) for each in collection_ids}


async def read_members(
    db: Executor, document_ids: Sequence[str], first: int, label_fields: Mapping[str, tuple[str, ...]]
) -> list[Member]:
    """The first of these documents and up to MOST_MEMBERS evenly spread ones; those deleted meanwhile are missing.

    What clusters wrote into them is left out: groups named by it would be called by what they were called before.
    """
    chosen = list(dict.fromkeys((*document_ids[:first], *spread(document_ids, MOST_MEMBERS))))
    rows = {row["document_id"]: row for row in await db.fetch(READ, chosen)}
    return [
        Member(
            document_id=row["document_id"],
            fields=said_by_others(row["fields"], row["internal"]),
            label_fields=label_fields.get(row["collection_id"], ()),
        )
        for each in chosen
        if (row := rows.get(each)) is not None
    ]


def spread(document_ids: Sequence[str], most: int) -> list[str]:
    """At most so many of them, from the first on in even steps."""
    step = max(1.0, len(document_ids) / most)
    return [document_ids[int(place * step)] for place in range(min(most, len(document_ids)))]
