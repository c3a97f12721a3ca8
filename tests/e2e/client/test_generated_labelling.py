"""Buckets, objects, documents, labels and their analytics through the generated classes."""

import json
from typing import Any

import pytest
import urllib3
from mixpeek.exceptions import ConflictException, NotFoundException, UnprocessableEntityException

from tests.e2e.client.mixpeek_namespace import KINDS, Space, model, object_of, value
from tests.support.media.pictures import data_uri, photos
from tests.support.tutorial.option_a import LABEL, bucket_body
from tests.support.waiting import wait_for

NAME = "generated"


@pytest.fixture(scope="module")
def labelled(space: Space) -> Space:
    """A collection with one labelled photo of each kind, and one of each that labelled itself."""
    space.create_unified(NAME)
    for kind in KINDS:
        space.upload(NAME, kind, fields={LABEL: kind})
    for kind in KINDS:
        space.upload(NAME, kind)
    return space


@pytest.fixture
def documents(labelled: Space) -> list[Any]:
    """Its documents, in the order of upload."""
    return labelled.documents(NAME)


def test_fields_at_the_root_label_and_are_given_back(labelled: Space, documents: list[Any]) -> None:
    assert [value(each, LABEL) for each in documents] == [*KINDS, *KINDS]
    assert [value(each, "taxonomy_match")["matched"] for each in documents] == [False] * 3 + [True] * 3
    objects = labelled.api("BucketObjectsApi").list_objects_buckets(NAME).results
    assert {each.object_id for each in objects} == {object_of(each) for each in documents}


@pytest.mark.parametrize(
    "filters",
    [
        {"AND": [{"field": LABEL, "operator": "eq", "value": "fish"}]},
        {"must": [{"key": LABEL, "match": {"operator": "eq", "value": "fish"}}]},
        {"field": f"metadata.{LABEL}", "operator": "in", "value": ["fish", "whale"]},
        {LABEL: "fish"},
    ],
    ids=["native", "tutorial", "simple", "map"],
)
def test_every_dialect_of_filters_finds_the_same(labelled: Space, filters: dict[str, Any]) -> None:
    found = labelled.documents(NAME, filters=json.dumps(filters))
    assert [value(each, LABEL) for each in found] == ["fish", "fish"]


def test_the_body_s_filter_is_understood_as_the_client_writes_it(labelled: Space) -> None:
    request = model("ListDocumentsRequest", {"filters": {"AND": [{"field": LABEL, "operator": "ne", "value": "fish"}]}})
    listed = labelled.api("CollectionDocumentsApi").list_documents(NAME, list_documents_request=request)
    assert {value(each, LABEL) for each in listed.results} == {"wrench", "bird"}


def test_pages_total_and_select(labelled: Space) -> None:
    api = labelled.api("CollectionDocumentsApi")
    first = api.list_documents(NAME, limit=4, include_total=True)
    assert (len(first.results), first.pagination.total) == (4, 6)
    second = api.list_documents(NAME, limit=4, cursor=first.pagination.next_cursor)
    assert (len(second.results), second.pagination.next_cursor) == (2, None)
    assert not {each.document_id for each in first.results} & {each.document_id for each in second.results}


def test_numbers_of_a_collection_agree(labelled: Space) -> None:
    api = labelled.api("CollectionDocumentsApi")
    distinct = api.distinct_document_values(NAME, model("DistinctValuesRequest", {"field": LABEL}))
    assert {each.value: each.count for each in distinct.values} == dict.fromkeys(KINDS, 2)
    request = {"group_by": [{"field": LABEL}], "aggregations": [{"function": "count", "alias": "n"}]}
    groups = api.aggregate_documents(NAME, model("DocumentAggregationRequest", request))
    assert groups.total_groups == 3
    assert [row.metrics["n"] for row in groups.results] == [2, 2, 2]
    assert api.count_documents(NAME).count == 6


def test_a_label_patched_on_the_object_reaches_its_document(labelled: Space, documents: list[Any]) -> None:
    object_id = object_of(documents[5])
    objects = labelled.api("BucketObjectsApi")
    for label in ("eagle", "bird"):
        request = model("PatchObjectRequest", {LABEL: label})
        patched = objects.patch_object_buckets(NAME, object_id, request)
        assert patched.additional_properties[LABEL] == label
        read = labelled.api("DocumentsApi").get_document_ns(documents[5].document_id)
        assert value(read, LABEL) == label
    put = objects.update_object_buckets(NAME, object_id, model("UpdateObjectRequest", {"metadata": {"shelf": 7}}))
    assert put.additional_properties[LABEL] == "bird"


def test_a_document_is_corrected_by_itself(labelled: Space, documents: list[Any]) -> None:
    api = labelled.api("CollectionDocumentsApi")
    document_id = documents[4].document_id
    api.patch_document(NAME, document_id, {LABEL: "trout"})
    corrected = api.get_document(NAME, document_id)
    assert value(corrected, LABEL) == "trout"
    assert corrected.internal.additional_properties["labels"][LABEL]["source"] == "human"
    api.patch_document(NAME, document_id, {LABEL: "fish"})


def test_links_and_vectors_come_when_asked_for(labelled: Space, documents: list[Any]) -> None:
    api = labelled.api("CollectionDocumentsApi")
    plain = api.get_document(NAME, documents[0].document_id)
    full = api.get_document(NAME, documents[0].document_id, return_presigned_urls=True, return_vectors=True)
    assert plain.document_blobs[0].presigned_url is None
    assert full.document_blobs[0].presigned_url
    assert len(full.to_json()) > len(plain.to_json()) + 1000


def test_where_a_document_comes_from(labelled: Space, documents: list[Any]) -> None:
    api = labelled.api("DocumentLineageApi")
    lineage = api.get_document_lineage(documents[0].collection_id, documents[0].document_id)
    assert lineage.document_id == documents[0].document_id
    object_id = object_of(documents[0])
    assert documents[0].document_id in json.dumps(api.get_documents_by_object(object_id), default=str)
    assert api.get_decomposition_tree_objects(object_id) is not None
    nodes = labelled.api("CollectionDocumentsApi")
    assert nodes.get_document_ancestors(NAME, documents[0].document_id) is not None
    assert nodes.get_document_descendants(NAME, documents[0].document_id) is not None


def test_many_documents_at_once(labelled: Space, documents: list[Any]) -> None:
    ids = [each.document_id for each in documents[:2]]
    found = labelled.api("DocumentsApi").batch_get(
        model("BatchGetDocumentsRequest", {"document_ids": [*ids, "doc_no"]})
    )
    assert {each.document_id for each in found.documents} == set(ids)
    assert found.not_found == ["doc_no"]
    listed = labelled.api("DocumentsApi").list_documents_ns(
        namespace_list_documents_request=model("NamespaceListDocumentsRequest", {"limit": 100})
    )
    assert {each.document_id for each in documents} <= {each.document_id for each in listed.results}
    updates = [{"document_id": each, "update_data": {"checked": True}} for each in ids]
    request = model("BatchUpdateDocumentsRequest", {"updates": updates})
    assert labelled.api("CollectionDocumentsApi").batch_update(NAME, request) is not None
    assert [value(each, "checked") for each in labelled.documents(NAME)][:3] == [True, True, None]


def test_annotations_are_the_record_of_human_checks(labelled: Space, documents: list[Any]) -> None:
    api = labelled.api("AnnotationsApi")
    document = documents[3]
    request = {"document_id": document.document_id, "collection_id": document.collection_id, "label": "wrench"}
    made = api.create_annotation(model("CreateAnnotationRequest", {**request, "confidence": 1.0}))
    changed = api.patch_annotation(made.annotation_id, model("PatchAnnotationRequest", {"label": "spanner"}))
    assert (changed.label, changed.version) == ("spanner", 2)
    assert api.get_annotation_at_version(made.annotation_id, 1).label == "wrench"
    assert api.get_annotation_versions(made.annotation_id).current_version == 2
    assert api.annotation_stats().by_label == {"spanner": 1}
    listed = api.list_annotations(list_annotations_request=model("ListAnnotationsRequest", {"label": "spanner"}))
    assert [each.annotation_id for each in listed.results] == [made.annotation_id]
    api.delete_annotation(made.annotation_id)
    with pytest.raises(NotFoundException):
        api.get_annotation(made.annotation_id)


def test_the_taxonomy_s_numbers(labelled: Space) -> None:
    taxonomy = labelled.api("TaxonomiesApi").list_taxonomies_0().results[0]
    analytics = labelled.api("AnalyticsTaxonomiesApi")
    labels = analytics.get_label_distribution_analytics_taxonomies_taxonomy(taxonomy.taxonomy_id)
    assert {each.label for each in labels.labels} <= set(KINDS)
    confidence = analytics.get_confidence_distribution_analytics_taxonomies_taxonomy(taxonomy.taxonomy_id)
    assert 0.9 < confidence.avg_confidence <= 1
    assert analytics.get_assignment_metrics_analytics_taxonomies_taxonomy(taxonomy.taxonomy_id).metrics
    overview = labelled.api("AnalyticsCollectionsApi").get_collection_overview_analytics(NAME)
    assert (overview.total_documents, overview.active_taxonomies) == (6, 1)


def test_objects_in_bulk_with_keys_that_make_retries_safe(labelled: Space) -> None:
    name = "bulk"
    bucket = {
        "bucket_name": name,
        "bucket_schema": {"properties": {"sku": {"type": "string"}, "note": {"type": "text"}}},
        "unique_key": {"fields": ["sku"], "default_policy": "insert"},
    }
    labelled.api("BucketsApi").create_bucket(model("BucketCreateRequest", bucket))
    api = labelled.api("BucketObjectsApi")
    objects = [{"sku": f"s{number}", "idempotency_key": f"k{number}"} for number in range(3)]
    request = model("CreateObjectsBatchRequest", {"objects": objects})
    first, again = (api.create_objects_batch_buckets(name, request) for _ in range(2))
    assert (first.succeeded_count, first.failed_count) == (3, 0)
    assert [each.object_id for each in again.succeeded] == [each.object_id for each in first.succeeded]
    assert {each.replayed_by for each in again.succeeded} == {"idempotency_key"}
    with pytest.raises(ConflictException):
        api.create_object_buckets(name, model("CreateObjectRequest", {"sku": "s1"}))
    upserted = api.create_object_buckets(
        name, model("CreateObjectRequest", {"sku": "s1", "note": "n"}), policy="upsert"
    )
    assert upserted.object_id == first.succeeded[1].object_id
    listed = api.list_objects_get_buckets(name)
    assert len(listed.results) == 3
    groups = {"group_by": [{"field": "sku"}], "aggregations": [{"function": "count", "alias": "n"}]}
    counted = api.aggregate_objects_buckets(name, model("ObjectAggregationRequest", groups))
    assert len(counted.results) == 3
    api.delete_object_buckets(name, upserted.object_id)
    with pytest.raises(NotFoundException):
        api.get_object_buckets(name, upserted.object_id)


def test_an_object_that_waits_is_processed_by_a_batch(labelled: Space) -> None:
    blob = {
        "property": "image_url",
        "type": "image",
        "data": data_uri(photos("fish")[1].read_bytes()),
    }
    objects, batches = labelled.api("BucketObjectsApi"), labelled.api("BucketBatchesApi")
    waiting = objects.create_object_buckets(NAME, model("CreateObjectRequest", {"blobs": [blob]}), auto_process=False)
    bad = {**blob, "data": data_uri(b"not an image")}
    broken = objects.create_object_buckets(NAME, model("CreateObjectRequest", {"blobs": [bad]}), auto_process=False)
    ids = [waiting.object_id, broken.object_id]
    batch = batches.create_batch_buckets_batches(NAME, model("CreateBatchRequest", {"object_ids": ids[:1]}))
    assert batch.status.value == "DRAFT"
    request = model("AddObjectsToBatchRequest", {"object_ids": ids[1:]})
    assert batches.add_objects_to_batch_buckets_batches(NAME, batch.batch_id, request).object_ids == ids
    task = batches.submit_batch_buckets_batches(NAME, batch.batch_id)
    assert labelled.task(task.task_id).status.value == "COMPLETED_WITH_ERRORS"
    ended = batches.get_batch_buckets_batches(NAME, batch.batch_id)
    assert (ended.status.value, ended.failed_object_count) == ("COMPLETED_WITH_ERRORS", 1)
    failed = batches.get_failed_documents_buckets_batches_batch(NAME, batch.batch_id)
    assert broken.object_id in json.dumps(failed, default=str)
    audit = batches.get_batch_audit_buckets_batches(NAME, batch.batch_id)
    assert (audit["all_balanced"], audit["has_lost_objects"]) == (True, False)
    assert labelled.api("BatchesApi").get_batch_by_id_batches(batch.batch_id).batch_id == batch.batch_id
    assert batch.batch_id in [each.batch_id for each in labelled.api("BatchesApi").list_all_batches().results]
    for object_id in ids:
        objects.delete_object_buckets(NAME, object_id)


def test_a_large_file_goes_up_by_a_link(labelled: Space) -> None:
    content = photos("bird")[1].read_bytes()
    uploads = labelled.api("BucketUploadsApi")
    wanted = {
        "filename": "bird.jpg", "content_type": "image/jpeg", "file_size_bytes": len(content),
        "blob_property": "image_url", "object_metadata": {LABEL: "bird"},
    }  # fmt: skip
    upload = uploads.create_upload_buckets(NAME, model("CreateUploadRequest", wanted))
    sent = urllib3.request("PUT", upload.presigned_url, body=content, headers={"Content-Type": "image/jpeg"})
    assert sent.status in {200, 204}, sent.data
    confirmed = uploads.confirm_upload_buckets(NAME, upload.upload_id)
    assert confirmed.object_id
    found = wait_for(
        lambda: labelled.documents(NAME),
        lambda all_: confirmed.object_id in map(object_of, all_),
    )
    assert value(found[-1], LABEL) == "bird"
    labelled.api("BucketObjectsApi").delete_object_buckets(NAME, confirmed.object_id)


def test_wrong_requests_raise_the_client_s_own_exceptions_with_their_reasons(labelled: Space) -> None:
    with pytest.raises(NotFoundException) as missing:
        labelled.api("BucketsApi").get_bucket("bkt_nowhere")
    assert missing.value.data.error.details["id"] == "bkt_nowhere"
    with pytest.raises(ConflictException):
        labelled.api("BucketsApi").create_bucket(model("BucketCreateRequest", bucket_body(NAME)))
    with pytest.raises(UnprocessableEntityException) as wrong:
        labelled.documents(NAME, filters='{"AND": [{"field": "x", "operator": "like"}]}')
    assert "filters" in str(wrong.value.data.error)
