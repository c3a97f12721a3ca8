"""What the taxonomy is asked about a document."""

import json

import pytest

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.worker.domain import Embedding, Part
from services.worker.labels.taxonomy_client import Decisions, TaxonomyClient
from tests.unit.worker.builders import LABEL, ingest, seen

VECTOR = Embedding(feature_uri="mixpeek://a@v1/b", vector=b"\0\0", dimensions=1)


class Recording(TaxonomyClient):
    """Keeps the request, and nothing is asked."""

    def __init__(self) -> None:
        self.asked = pb.EnrichRequest()

    async def ask(self, request: pb.EnrichRequest) -> list[Decisions]:
        self.asked = request
        return [()] * len(request.subjects)


@pytest.mark.parametrize(("embeddings", "fields"), [((VECTOR,), None), ((), {"sku": "S1", "page": 2, LABEL: None})])
async def test_a_document_without_a_vector_is_asked_about_by_its_fields(
    embeddings: tuple[Embedding, ...], fields: object
) -> None:
    enricher = Recording()
    await enricher.decide([(ingest(seen=seen(sku="S1")), Part(embeddings=embeddings, fields={"page": 2}))])
    (subject,) = enricher.asked.subjects
    assert (json.loads(subject.fields_json) if subject.fields_json else None) == fields
