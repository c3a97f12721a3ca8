"""A namespace of its own for each test, filled straight in PostgreSQL, as gateway and worker would."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

import grpc
import numpy as np

from likeness.index.v1.index_pb2 import RefreshRequest
from likeness.index.v1.index_service_pb2_grpc import IndexServiceStub
from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from likeness.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub
from services.common.database.pool import Pool
from services.common.extractors.vectors import to_message
from services.common.grpc.client import call
from services.common.ids import new_id
from tests.support.tutorial.option_a import SLOT

MODEL = "efficientnet_lite2"
JsonObject = dict[str, Any]
Numbers = Sequence[float]

LABELLED = {"AND": [{"field": "product_label", "operator": "exists", "value": True}]}


def attribute_filter(conditions: Any, name: str = "labeled_filter") -> JsonObject:
    """A filter stage in the tutorial's form."""
    config = {"stage_id": "attribute_filter", "parameters": {"conditions": conditions}}
    return {"stage_name": name, "stage_type": "filter", "config": config}


def feature_search(*, final_top_k: int = 25, **search: Any) -> JsonObject:
    """A search stage in the tutorial's form, with changes to its one search."""
    query = {"input_mode": "content", "value": "{{INPUT.query_image}}"}
    parameters = {"searches": [{"feature_uri": SLOT, "query": query, **search}], "final_top_k": final_top_k}
    config = {"stage_id": "feature_search", "parameters": parameters}
    return {"stage_name": "image_match", "stage_type": "filter", "config": config}


def classifier(**search: Any) -> list[JsonObject]:
    """The tutorial's retriever."""
    return [attribute_filter(LABELLED), feature_search(**{"top_k": 1, "min_score": 0.30, **search})]


def by_vector(vector: Numbers, **search: Any) -> JsonObject:
    """A search stage that asks by a vector."""
    return feature_search(query={"input_mode": "vector", "value": list(vector)}, **search)


def at(degrees: float) -> list[float]:
    """A unit vector of three dimensions, that far from (1, 0, 0): its cosine with it is cos(degrees)."""
    return [float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees))), 0.0]


class World:
    """One namespace, and the two services that tests talk to."""

    def __init__(self, pool: Pool, taxonomy: grpc.aio.Channel, index: grpc.aio.Channel) -> None:
        self.pool = pool
        self.namespace_id = new_id("ns")
        self.channels = (taxonomy, index)
        self.service = TaxonomyServiceStub(taxonomy)
        self._index = IndexServiceStub(index)
        self._numbers = count(1)

    async def create(self) -> "World":
        """The namespace and a bucket."""
        await self.pool.execute(
            "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1)", self.namespace_id
        )
        await self.pool.execute(
            "INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema) VALUES ($1, $2, 'all', '{}')",
            self.bucket_id,
            self.namespace_id,
        )
        return self

    @property
    def bucket_id(self) -> str:
        """The namespace's bucket."""
        return f"bkt_{self.namespace_id}"

    async def collection(
        self, name: str = "products", *, model: str = MODEL, dimensions: int = 3, slot: str = SLOT
    ) -> str:
        """A collection; returns its id."""
        collection_id = new_id("col")
        await self.pool.execute(
            """INSERT INTO collections (collection_id, namespace_id, collection_name, bucket_ids, source,
                 feature_extractor, extractor, model, feature_uri, dimensions)
               VALUES ($1, $2, $3, ARRAY[$4], '{}', '{"feature_extractor_name": "image_extractor", "version": "v1"}',
                       'image_extractor@v1', $5, $6, $7)""",
            collection_id,
            self.namespace_id,
            name,
            self.bucket_id,
            model,
            slot,
            dimensions,
        )
        return collection_id

    async def retriever(self, stages: Sequence[JsonObject], *collections: str, name: str = "classifier") -> str:
        """A retriever over the named collections; returns its id."""
        retriever_id = new_id("ret")
        await self.pool.execute(
            """INSERT INTO retrievers (retriever_id, namespace_id, retriever_name, collection_identifiers, stages)
               VALUES ($1, $2, $3, $4, $5)""",
            retriever_id,
            self.namespace_id,
            name,
            collections or ("products",),
            list(stages),
        )
        return retriever_id

    async def taxonomy(
        self,
        collection_id: str,
        retriever: str = "ret_classifier",
        *,
        threshold: float = 0.30,
        reference_labels: str = "all",
        field: str = "product_label",
    ) -> str:
        """The taxonomy of a collection; returns its id."""
        taxonomy_id = new_id("tax")
        await self.pool.execute(
            """INSERT INTO taxonomies (taxonomy_id, namespace_id, taxonomy_name, collection_id, retriever_identifier,
                 field_to_enrich, confidence_threshold, reference_labels) VALUES ($1, $2, $1, $3, $4, $5, $6, $7)""",
            taxonomy_id,
            self.namespace_id,
            collection_id,
            retriever,
            field,
            threshold,
            reference_labels,
        )
        return taxonomy_id

    async def native(
        self, config: JsonObject, runs: Sequence[JsonObject], label_fields: Sequence[str] = (), version: int = 1
    ) -> str:
        """A native taxonomy as the gateway stores it; returns its id."""
        taxonomy_id = new_id("tax")
        await self.pool.execute(
            """INSERT INTO taxonomies (taxonomy_id, namespace_id, taxonomy_name, config, runs, label_fields, version)
               VALUES ($1, $2, 'native_' || $1, $3, $4, $5, $6)""",
            taxonomy_id,
            self.namespace_id,
            config,
            list(runs),
            list(label_fields),
            version,
        )
        return taxonomy_id

    async def apply(self, collection_id: str, taxonomy_id: str | None, **columns: Any) -> None:
        """Applies a taxonomy, or with `config` and `runs` a retriever enrichment, to a collection."""
        columns = {"settings": {}, "priority": 0, "execution_phase": 1, "position": next(self._numbers), **columns}
        names = list(columns)
        await self.pool.execute(
            f"""INSERT INTO taxonomy_applications (collection_id, target_collection_id, taxonomy_id, {", ".join(names)})
                VALUES ($1, $1, $2, {", ".join(f"${n}" for n in range(3, 3 + len(names)))})""",
            collection_id,
            taxonomy_id,
            *columns.values(),
        )

    async def tutorial(self, stages: Sequence[JsonObject] | None = None, **taxonomy: Any) -> str:
        """Option A: a collection whose taxonomy refers to the collection itself; returns its id."""
        await self.retriever(classifier() if stages is None else stages)
        collection_id = await self.collection()
        await self.taxonomy(collection_id, **taxonomy)
        return collection_id

    async def document(
        self,
        collection_id: str,
        vector: Numbers,
        label: Any = None,
        *,
        source: str = "human",
        object_id: str | None = None,
        **fields: Any,
    ) -> str:
        """A document with its embedding, known to the index; returns its id."""
        object_id = object_id or new_id("obj")
        document_id = new_id("doc", 20)
        await self.pool.execute(
            """INSERT INTO objects (object_id, namespace_id, bucket_id) VALUES ($1, $2, $3)
               ON CONFLICT (object_id) DO NOTHING""",
            object_id,
            self.namespace_id,
            self.bucket_id,
        )
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                """INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields,
                     labels) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
                document_id,
                self.namespace_id,
                collection_id,
                self.bucket_id,
                object_id,
                next(self._numbers),
                {"product_label": label, **fields},
                {"product_label": {"source": source}} if label is not None else {},
            )
            await connection.execute(
                """INSERT INTO embeddings (document_id, feature_uri, model, dimensions, vector)
                   SELECT $1, feature_uri, model, $3, $4 FROM collections WHERE collection_id = $2""",
                document_id,
                collection_id,
                len(vector),
                np.asarray(vector, dtype="<f2").tobytes(),
            )
        await self.refresh(document_id)
        return document_id

    async def blob(self, object_id: str, name: str, **columns: Any) -> None:
        """A file of an object, made if need be; `columns` say where the file is."""
        await self.pool.execute(
            """INSERT INTO objects (object_id, namespace_id, bucket_id) VALUES ($1, $2, $3)
               ON CONFLICT (object_id) DO NOTHING""",
            object_id,
            self.namespace_id,
            self.bucket_id,
        )
        values = {"blob_id": new_id("blob"), "position": next(self._numbers), "type": "image", **columns}
        names = ", ".join(values)
        places = ", ".join(f"${number}" for number in range(3, 3 + len(values)))
        await self.pool.execute(
            f"INSERT INTO blobs (object_id, property, {names}) VALUES ($1, $2, {places})",
            object_id,
            name,
            *values.values(),
        )

    async def relabel(self, document_id: str, label: Any, *, refresh: bool = True) -> None:
        """Sets the label as a person would; without `refresh` before the index has heard of it."""
        await self.pool.execute(
            """UPDATE documents SET fields = fields || jsonb_build_object('product_label', $2::jsonb),
                 labels = '{"product_label": {"source": "human"}}' WHERE document_id = $1""",
            document_id,
            label,
        )
        if refresh:
            await self.refresh(document_id)

    async def refresh(self, *document_ids: str) -> None:
        """Tells the index of committed documents."""
        await call(self._index.Refresh, RefreshRequest(document_ids=document_ids), seconds=30)

    async def decide(self, collection_id: str, vector: Numbers, object_id: str = "obj_new") -> pb.Decision:
        """The decision for a document that is not stored yet."""
        (decision,) = await self.enrich(collection_id, subject(vector, object_id))
        return decision

    async def enrich(self, collection_id: str, *subjects: pb.Subject) -> list[pb.Decision]:
        """The decisions for the subjects."""
        return await self.ask(pb.EnrichRequest(collection_id=collection_id, subjects=subjects))

    async def ask(self, request: pb.EnrichRequest) -> list[pb.Decision]:
        """The decisions that the request asks for, in this namespace."""
        request.namespace_id = self.namespace_id
        response: pb.EnrichResponse = await call(self.service.Enrich, request, seconds=30)
        return list(response.decisions)

    async def execute(
        self,
        stages: Sequence[JsonObject] | str,
        *collections: str,
        inputs: JsonObject | None = None,
        filters: Any = None,
        limit: int = 0,
        offset: int = 0,
    ) -> pb.ExecuteRetrieverResponse:
        """Runs stages over collections, or a stored retriever."""
        stored = isinstance(stages, str)
        request = pb.ExecuteRetrieverRequest(
            namespace_id=self.namespace_id,
            retriever_id=stages if isinstance(stages, str) else "",
            stages_json="" if stored else json.dumps(stages),
            collection_identifiers=collections if stored or collections else ("products",),
            inputs_json=json.dumps(inputs) if inputs else "",
            filters_json=json.dumps(filters) if filters else "",
            limit=limit,
            offset=offset,
        )
        response: pb.ExecuteRetrieverResponse = await call(self.service.ExecuteRetriever, request, seconds=30)
        return response


def subject(vector: Numbers, object_id: str = "obj_new", slot: str = SLOT) -> pb.Subject:
    """A subject with its embedding."""
    embedding = pb.SubjectEmbedding(feature_uri=slot, vector=to_message(np.array(vector)))
    return pb.Subject(subject_id=f"subject of {object_id}", object_id=object_id, embeddings=[embedding])


def ids(response: pb.ExecuteRetrieverResponse) -> list[str]:
    """The documents of a response, in order."""
    return [document.document_id for document in response.documents]
