"""All that label decisions need to know of a collection's taxonomies, read anew for every request in one round trip."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import asyncpg

from services.common.errors import NotFoundError
from services.common.ids import Bindings
from services.taxonomy.database.reader import Reader
from services.taxonomy.domain import Target
from services.taxonomy.labels.taxonomy_config import TaxonomyConfig, to_config

TARGET = """
      {alias}.collection_id AS {prefix}collection_id, {alias}.extractor AS {prefix}extractor,
      coalesce({alias}.model, '') AS {prefix}model, coalesce({alias}.feature_uri, '') AS {prefix}feature_uri,
      coalesce({alias}.dimensions, 0) AS {prefix}dimensions"""
# One row for each collection that a run searches; its columns are null when the name has no collection.
SELECT = f"""
    SELECT {TARGET.format(alias="s", prefix="subject_")}, s.feature_extractor -> 'input_mappings' AS inputs,
      s.label_threshold,
      l.taxonomy_id, l.version, l.config, l.settings, l.inline, l.execution_phase, l.priority, l.position,
      run.number, run.retriever AS retriever_identifier, run.node, r.retriever_id, r.stages::text AS stages,
      r.bindings, i.identifier, r.bindings ? ('collection/' || i.identifier) AS is_bound,
      {TARGET.format(alias="c", prefix="")}"""
RUNS = """
    LEFT JOIN LATERAL ROWS FROM (jsonb_to_recordset(l.runs) AS (retriever text, collection text, node text))
      WITH ORDINALITY AS run (retriever, collection, node, number) ON true
    LEFT JOIN LATERAL (
      SELECT * FROM retrievers WHERE namespace_id = $1 AND (retriever_id = run.retriever
        OR retriever_name IN (run.retriever, regexp_replace(run.retriever, '^ret_', '')))
      ORDER BY retriever_id = run.retriever DESC, retriever_name = run.retriever DESC LIMIT 1
    ) r ON true
    LEFT JOIN LATERAL unnest(
      CASE WHEN run.collection IS NULL THEN r.collection_identifiers ELSE ARRAY[run.collection] END
    ) AS i (identifier) ON true
    LEFT JOIN LATERAL (
      SELECT coalesce(r.bindings ->> ('collection/' || i.identifier), i.identifier) AS identifier
    ) AS meant ON true
    LEFT JOIN LATERAL (
      SELECT * FROM collections WHERE namespace_id = $1 AND (collection_id = meant.identifier
        OR collection_name IN (meant.identifier, regexp_replace(meant.identifier, '^col_', '')))
      ORDER BY collection_id = meant.identifier DESC, collection_name = meant.identifier DESC LIMIT 1
    ) c ON true"""
APPLIED = f"""{SELECT}
    FROM collections s LEFT JOIN labellers l ON l.collection_id = s.collection_id {RUNS}
    WHERE s.namespace_id = $1 AND s.collection_id = $2
    ORDER BY l.inline DESC, l.execution_phase, l.priority DESC, l.position, run.number"""
ALONE = f"""{SELECT}
    FROM (
      SELECT t.taxonomy_id, v.version, v.config, v.runs, coalesce(a.settings, '{{}}'::jsonb) AS settings,
             t.collection_id IS NOT NULL AS inline, 0 AS execution_phase, 0 AS priority, 0 AS position
      FROM taxonomies t
      JOIN taxonomy_versions v ON v.taxonomy_id = t.taxonomy_id AND v.version = coalesce(nullif($4::int, 0), t.version)
      LEFT JOIN labellers a ON a.collection_id = $2 AND a.taxonomy_id = t.taxonomy_id
      WHERE t.namespace_id = $1
        AND (t.taxonomy_id = $3 OR t.taxonomy_name IN ($3, regexp_replace($3, '^tax_', '')))
      ORDER BY t.taxonomy_id = $3 DESC, t.taxonomy_name = $3 DESC LIMIT 1
    ) l
    LEFT JOIN collections s ON s.namespace_id = $1 AND s.collection_id = $2 {RUNS}
    ORDER BY run.number"""  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A retriever over the collections that hold its references; `node` is the place in a hierarchy that it is for.

    `missing` names the retriever or the collections that do not exist (yet). Without targets its stages name them.
    """

    node: str | None
    retriever_id: str
    stages_json: str
    bindings: Bindings
    targets: tuple[Target, ...]
    missing: tuple[str, ...]

    @property
    def fault(self) -> str:
        """Why it cannot run, or not over all that it should: a sentence, empty when there is nothing amiss."""
        return f"There is no {', no '.join(self.missing)}." if self.missing else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedTaxonomy:
    """One taxonomy as it is to decide; `settings` is how it is applied to the collection of the `subject`.

    A retriever enrichment has no taxonomy id. `inputs` say what the documents of that collection are made from,
    `label_threshold` what suits its model where nobody names a threshold.
    """

    taxonomy_id: str
    version: int
    config: TaxonomyConfig
    settings: Mapping[str, Any]
    subject: Target | None
    inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
    label_threshold: float | None
    runs: tuple[Run, ...]

    @property
    def retriever_id(self) -> str:
        """The one retriever that decides; empty where nodes have different ones."""
        known = {run.retriever_id for run in self.runs}
        return known.pop() if len(known) == 1 else ""


async def load_applied(reader: Reader, namespace_id: str, collection_id: str) -> list[AppliedTaxonomy]:
    """Everything that labels the collection, in order; NotFoundError for an unknown collection."""
    rows = await reader.fetch(APPLIED, namespace_id, collection_id)
    if not rows:
        raise NotFoundError.of("collection", collection_id)
    return [] if rows[0]["config"] is None else _all_applied(rows)


async def load_alone(
    reader: Reader, namespace_id: str, collection_id: str, taxonomy: str, version: int
) -> list[AppliedTaxonomy]:
    """One taxonomy by id or name, as applied to the collection if it is; NotFoundError for an unknown one."""
    rows = await reader.fetch(ALONE, namespace_id, collection_id, taxonomy, version)
    if not rows:
        raise NotFoundError.of("taxonomy", f"{taxonomy} at version {version}" if version else taxonomy)
    return _all_applied(rows)


def _all_applied(rows: Sequence[asyncpg.Record]) -> list[AppliedTaxonomy]:
    def labeller(row: asyncpg.Record) -> tuple[Any, ...]:
        return row["inline"], row["execution_phase"], row["priority"], row["position"]

    return [_applied(list(members)) for _, members in groupby(rows, key=labeller)]


def _applied(rows: Sequence[asyncpg.Record]) -> AppliedTaxonomy:
    first = rows[0]
    return AppliedTaxonomy(
        taxonomy_id=first["taxonomy_id"] or "",
        version=first["version"],
        config=to_config(first["config"]),
        settings=first["settings"],
        subject=None if first["subject_collection_id"] is None else _target(first, "subject_"),
        inputs=first["inputs"],
        label_threshold=first["label_threshold"],
        runs=tuple(
            _run(list(members))
            for number, members in groupby(rows, key=lambda row: row["number"])
            if number is not None
        ),
    )


def _run(rows: Sequence[asyncpg.Record]) -> Run:
    first = rows[0]
    searched = rows if first["retriever_id"] else []
    return Run(
        node=first["node"],
        retriever_id=first["retriever_id"] or "",
        stages_json=first["stages"] or "[]",
        bindings=first["bindings"] or {},
        targets=tuple({row["collection_id"]: _target(row, "") for row in searched if row["collection_id"]}.values()),
        missing=tuple(_missing(rows)),
    )


def _target(row: asyncpg.Record, prefix: str) -> Target:
    names = ("collection_id", "extractor", "model", "feature_uri", "dimensions")
    return Target(**{name: row[prefix + name] for name in names})


def _missing(rows: Sequence[asyncpg.Record]) -> Iterator[str]:
    if rows[0]["retriever_id"] is None:
        yield f"retriever '{rows[0]['retriever_identifier']}'"
        return
    for row in rows:
        if row["identifier"] is not None and row["collection_id"] is None:
            yield f"collection '{row['identifier']}'" + (" any more: it was deleted" if row["is_bound"] else "")
