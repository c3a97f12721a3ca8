"""The tutorial's Example 2: 20 invoices, 20 contracts and 20 receipts are labelled, new documents label themselves."""

from collections.abc import Iterator, Mapping

import pytest

from tests.e2e.api import Api, JsonObject
from tests.support.media.company_documents import KINDS, company_document
from tests.support.tutorial import examples
from tests.support.web_servers import file_server

BUCKET, COLLECTION = "bkt_company_documents", "document_types"
EXAMPLES = range(20)
NEW = range(100, 110)
ENOUGH = 0.9


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server with documents as text files."""
    folder = tmp_path_factory.mktemp("texts")
    for kind in KINDS:
        (folder / f"{kind}.txt").write_text(company_document(kind, 500))
    with file_server(folder) as url:
        yield url


@pytest.fixture(scope="module")
def labelled(api: Api, site: str) -> dict[str, str]:
    """Bucket and collection, and 60 documents in every form, each labelled by a person; kind by object id."""
    assert site
    api.post("/buckets", examples.CREATE_COMPANY_DOCUMENTS)
    api.post("/collections", examples.CREATE_DOCUMENT_TYPES)
    kinds = {upload(api, form(kind, seed)): kind for kind in KINDS for seed in EXAMPLES}
    processed(api, kinds)
    for object_id, kind in kinds.items():
        api.patch(f"/buckets/{BUCKET}/objects/{object_id}", {"metadata": {"document_type": kind}})
    return kinds


def form(kind: str, seed: int) -> JsonObject:
    """A new document, in one of the forms in turn: text blob, text as it is, field."""
    words = company_document(kind, seed)
    blob = {"property": "content", "type": "text"}
    match seed % 3:
        case 0:
            return {"blobs": [{**blob, "data": {"text": words}}]}
        case 1:
            return {"blobs": [{**blob, "data": words}]}
    return {"content": words}


def upload(api: Api, body: JsonObject) -> str:
    return str(api.post(f"/buckets/{BUCKET}/objects", body)["object_id"])


def processed(api: Api, objects: Mapping[str, str]) -> None:
    """Waits for all of them."""
    for object_id in objects:
        found = api.processed(BUCKET, object_id)
        assert found["status"] == "COMPLETED", found["error"]


def test_without_a_retriever_the_server_makes_one_that_searches_the_collection_itself(
    api: Api, labelled: dict[str, str]
) -> None:
    assert labelled
    collection = api.get(f"/collections/{COLLECTION}")
    retriever = api.get(f"/retrievers/{collection['taxonomy']['retriever_id']}")
    assert collection["collection_id"] in retriever["collection_ids"]
    assert collection["taxonomy"]["confidence_threshold"] == 0.35
    assert [stage["config"]["stage_id"] for stage in retriever["stages"]] == ["attribute_filter", "feature_search"]


def test_a_persons_labels_are_on_the_documents_with_their_words(api: Api, labelled: dict[str, str]) -> None:
    for object_id, kind in list(labelled.items())[::7]:
        document = api.document_of(COLLECTION, object_id)
        assert (document["document_type"], document["metadata"]["document_type"]) == (kind, kind)
        assert len(document["text"]) > 50


def test_new_documents_classify_by_type(api: Api, labelled: dict[str, str]) -> None:
    assert labelled
    kinds = {upload(api, form(kind, seed)): kind for kind in KINDS for seed in NEW}
    processed(api, kinds)
    documents = {object_id: api.document_of(COLLECTION, object_id) for object_id in kinds}
    right = [document["metadata"]["document_type"] == kinds[object_id] for object_id, document in documents.items()]
    assert sum(right) >= ENOUGH * len(kinds), {
        (kinds[object_id], document["metadata"]["document_type"]) for object_id, document in documents.items()
    }
    matches = [document["taxonomy_match"] for document in documents.values() if document["document_type"]]
    assert all(match["matched"] and match["confidence"] >= 0.35 for match in matches)


def test_a_blob_may_be_the_bare_url_of_a_text(api: Api, labelled: dict[str, str], site: str) -> None:
    assert labelled
    blob = {"property": "content", "type": "text", "data": f"{site}/contract.txt"}
    object_id = upload(api, {"metadata": {"document_type": None}, "blobs": [blob]})
    processed(api, {object_id: "contract"})
    assert api.document_of(COLLECTION, object_id)["metadata"]["document_type"] == "contract"


def test_a_text_like_nothing_known_waits_for_a_person(api: Api, labelled: dict[str, str]) -> None:
    assert labelled
    object_id = upload(api, {"content": "zqx vvk prrt 0x9f wolf moon glacier tide"})
    processed(api, {object_id: ""})
    document = api.document_of(COLLECTION, object_id)
    assert document["metadata"]["document_type"] is None
    assert document["taxonomy_match"]["confidence"] < 0.35


UNREADABLE = ("នេះគឺជាកិច្ចសន្យាជួលផ្ទះ", "გთხოვთ გადაიხადოთ ანგარიში", "😀😀😀", "\u200b\u200c\u200d", "... !!!")


def test_a_text_that_the_model_cannot_read_waits_for_a_person_with_the_reason(
    api: Api, labelled: dict[str, str]
) -> None:
    assert labelled
    first, *others = [upload(api, {"content": text}) for text in UNREADABLE]
    processed(api, dict.fromkeys((first, *others), ""))
    for object_id in (first, *others):
        document = api.document_of(COLLECTION, object_id)
        match = document["taxonomy_match"]
        assert (document["document_type"], match["matched"], match["confidence"]) == (None, False, 0.0)
        assert match["reason"]
    api.patch(f"/buckets/{BUCKET}/objects/{first}", {"metadata": {"document_type": "receipt"}})
    assert api.document_of(COLLECTION, first)["document_type"] == "receipt"
    again = upload(api, {"content": UNREADABLE[0]})
    processed(api, {again: ""})
    assert api.document_of(COLLECTION, again)["document_type"] is None, "what cannot be read is nobody's example"


def test_a_query_that_the_model_cannot_read_is_refused(api: Api, labelled: dict[str, str]) -> None:
    assert labelled
    for text in UNREADABLE:
        query = {"collection_identifiers": [COLLECTION], "query": {"text": text}}
        refused = api.post("/features/search", query, status=422)
        assert "letter" in refused["error"]["message"]
        assert refused["error"]["details"]["path"]


def test_the_end_of_a_long_letter_decides_too(api: Api, labelled: dict[str, str]) -> None:
    assert labelled
    letter = "We have carefully examined the documents which you have sent us together with your request. " * 18
    ends = {end: upload(api, {"content": f"{letter}The request is {end}."}) for end in ("granted", "refused")}
    processed(api, dict.fromkeys(ends.values(), ""))
    for end, object_id in ends.items():
        assert api.document_of(COLLECTION, object_id)["truncated"] is False
        api.patch(f"/buckets/{BUCKET}/objects/{object_id}", {"metadata": {"document_type": end}})
    again = {end: upload(api, {"content": f"{letter}The request is {end}. "}) for end in ends}
    processed(api, dict.fromkeys(again.values(), ""))
    found = {end: api.document_of(COLLECTION, object_id)["document_type"] for end, object_id in again.items()}
    assert found == {"granted": "granted", "refused": "refused"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param({"text": "   "}, "EMPTY", id="nothing but blanks"),
        pytest.param("data:application/pdf;base64,JVBERi0xLjcKYnJva2Vu", "NOT_A_PDF", id="a broken PDF"),
    ],
)
def test_what_cannot_be_read_fails_with_its_reason_on_the_object(
    api: Api, labelled: dict[str, str], data: str | JsonObject, reason: str
) -> None:
    assert labelled
    object_id = upload(api, {"blobs": [{"property": "content", "type": "text", "data": data}]})
    found = api.processed(BUCKET, object_id)
    assert found["status"] == "FAILED"
    assert found["error"].startswith(f"{reason}: ")
