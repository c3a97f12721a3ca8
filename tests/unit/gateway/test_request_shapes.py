"""The forms that requests may have, before any of it reaches a database."""

from typing import Any

import pytest

from likeness.extractor.v1 import extractor_pb2
from services.common.errors import InvalidArgumentError
from services.gateway.collections.extractors.feature_uris import ExtractorName, parse_feature_uri
from services.gateway.collections.extractors.models import choose
from services.gateway.collections.extractors.shapes import read_extractor, read_mappings
from services.gateway.kit.lists.shapes import ListBody, ListQuery, sorts_of, window_of
from services.gateway.objects.fields import created_fields, patched_fields
from services.gateway.objects.shapes import ObjectCreate, ObjectPatch
from services.gateway.retrievers.stages.shapes import read_stages

IMAGE = ExtractorName(name="image_extractor", version="v1")
STAND_IN = extractor_pb2.Model(model="small", extractor="image_extractor@v1", feature_uri="mixpeek://a@v1/big")
NAMED = extractor_pb2.Model(model="big", extractor="image_extractor@v1", is_named_model=True)


@pytest.mark.parametrize(
    ("query", "body", "limit", "offset"),
    [
        ({}, None, 10, 0),
        ({"page_size": 5, "limit": 3}, None, 3, 0),
        ({"page": 3, "page_size": 5}, None, 5, 10),
        ({"page": 3, "offset": 1}, None, 10, 1),
        ({"limit": 3, "offset": 7}, {"limit": 4}, 4, 7),
        ({"offset": 7}, {"offset": 0}, 10, 0),
    ],
)
def test_which_part_of_a_list_is_meant(query: Any, body: Any, limit: int, offset: int) -> None:
    window = window_of(ListQuery(**query), None if body is None else ListBody(**body), 10)
    assert (window.limit, window.offset) == (limit, offset)


@pytest.mark.parametrize("name", ["cursor", "next_cursor", "after"])
def test_a_cursor_has_three_names(name: str) -> None:
    assert window_of(ListQuery(**{name: "abc"}), None, 10).cursor == "abc"


@pytest.mark.parametrize(
    ("given", "field", "descending"),
    [
        ({"sort_by": "x"}, "x", False),
        ({"sort_by": "-x"}, "x", True),
        ({"sort_by": "x:desc"}, "x", True),
        ({"sort_by": "taxonomy_match.confidence"}, "taxonomy_match.confidence", True),
        ({"sort_by": "match_score"}, "match_score", True),
        ({"sort": '{"field": "x", "direction": "DESC"}'}, "x", True),
        ({"sort": '[{"field": "x"}]'}, "x", False),
    ],
)
def test_how_a_list_is_sorted(given: Any, field: str, descending: bool) -> None:
    (sort,) = sorts_of(ListQuery(**given), None)
    assert (sort.field, sort.descending) == (field, descending)


@pytest.mark.parametrize("given", ["{}", "x:up", ":desc", '{"field": 1}'])
def test_a_sort_without_field_or_with_another_direction_is_refused(given: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        sorts_of(ListQuery(sort=given), None)
    assert caught.value.details["path"] == "query.sort"


@pytest.mark.parametrize("raw", [None, {}, [], [1], [{"config": 5}], [{"stage_type": "filter"}]])
def test_stages_that_are_none_are_refused(raw: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_stages(raw)
    assert caught.value.details["path"].startswith("body.stages")


def test_what_else_a_stage_says_is_kept() -> None:
    config = {"stage_id": "attribute_filter", "parameters": {"field": "a"}, "pre_filters": {"field": "b"}}
    [stage] = read_stages([{"stage_name": "s", "config": config, "output_alias": "out"}])
    assert stage == {"stage_name": "s", "stage_type": "filter", "config": config, "output_alias": "out"}


@pytest.mark.parametrize(
    ("stage_id", "category"),
    [("sort_attribute", "sort"), ("limit", "reduce"), ("document_enrich", "enrich"), ("feature_search", "filter")],
)
def test_a_stage_without_a_type_gets_that_of_its_kind(stage_id: str, category: str) -> None:
    [stage] = read_stages([{"config": {"stage_id": stage_id, "parameters": {}}}])
    assert stage["stage_type"] == category


@pytest.mark.parametrize("raw", [{"image": 5}, "text", [{"input_key": "image"}]])
def test_input_mappings_that_map_nothing_are_refused(raw: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        read_mappings(raw)


@pytest.mark.parametrize("rule", [5, {}, {"source_path": 5}, ""])
def test_a_passthrough_that_names_no_field_is_refused(rule: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_extractor({"feature_extractor_name": "x", "field_passthrough": ["a", rule]}, None, None)
    assert caught.value.details["path"] == "body.feature_extractor.field_passthrough.1"


def test_the_root_of_an_object_beats_its_metadata_and_that_its_blobs() -> None:
    blob = {"property": "p", "data": "https://h/x", "metadata": {"a": 1, "b": 1, "c": 1}}
    form = ObjectCreate.model_validate({"a": 3, "metadata": {"a": 2, "b": 2}, "blobs": [blob]})
    assert created_fields(form, {}) == {"a": 3, "b": 2, "c": 1}


def test_options_are_no_fields_unless_the_schema_says_so() -> None:
    form = ObjectCreate.model_validate({"skip_duplicates": True, "auto_process": "yes"})
    schema = {"properties": {"auto_process": {"type": "text"}}}
    assert created_fields(form, schema) == {"auto_process": "yes"}


@pytest.mark.parametrize("name", ["status", "object_id", "created_at", "document_count"])
def test_a_patch_cannot_set_what_the_server_sets(name: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        patched_fields(ObjectPatch.model_validate({name: 1}), {})
    assert caught.value.details["path"] == f"body.{name}"


def test_metadata_may_have_any_names() -> None:
    assert patched_fields(ObjectPatch.model_validate({"metadata": {"status": "sold"}}), {}) == {"status": "sold"}


def test_a_feature_uri_in_parts() -> None:
    address = parse_feature_uri("mixpeek://image_extractor@v1/google_siglip_base_v1")
    assert address is not None
    assert (address.extractor, address.version, address.output) == ("image_extractor", "v1", "google_siglip_base_v1")
    assert parse_feature_uri("plain_index_name") is None


def test_the_preferred_model_comes_first() -> None:
    assert choose([NAMED, STAND_IN], IMAGE, strict=True) == NAMED
    assert choose([STAND_IN, NAMED], IMAGE, strict=False) == STAND_IN


def test_what_is_not_served_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="image_extractor@v1"):
        choose([STAND_IN], ExtractorName(name="text_extractor", version="v1"), strict=False)
    with pytest.raises(InvalidArgumentError, match="small"):
        choose([STAND_IN], IMAGE, strict=True)
