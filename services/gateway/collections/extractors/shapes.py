"""A collection's feature extractor: every spelling that clients send becomes the contract's output form."""

from collections.abc import Mapping
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.extractors.parameters import PARAMETERS, read_parameters
from services.common.extractors.passthrough import strip_root
from services.common.extractors.traits import traits_of
from services.common.validation.unknown_keys import require_known
from services.gateway.collections.extractors.feature_uris import ExtractorName, parse_feature_uri
from services.gateway.kit.shapes import JsonObject

PATH = "body.feature_extractor"
NAME_PATH = f"{PATH}.feature_extractor_name"
PARAMETERS_PATH = f"{PATH}.parameters"
TYPE = "extractor_type"
KEYS = frozenset(
    {
        *("feature_extractor_name", "version", "feature_extractor_id", "params", "parameters"),
        *("input_mappings", "field_passthrough", "include_all_source_fields"),
    }
)


def read_extractor(single: Any, several: Any, features: Any) -> JsonObject:
    """FeatureExtractorConfigOutput, from `feature_extractor`, else `feature_extractors[0]`, else `features`."""
    raw = single or (several[0] if isinstance(several, list) and several else None) or _from_features(features)
    if not isinstance(raw, Mapping):
        raise InvalidArgumentError(f"{PATH} is missing; name a feature_extractor_name.", path=PATH)
    require_known(raw, KEYS, PATH)
    name = raw.get("feature_extractor_name")
    if not isinstance(name, str) or not name:
        raise InvalidArgumentError(f"{NAME_PATH} is missing.", path=NAME_PATH)
    version = raw.get("version")
    extractor = ExtractorName(name=name, version=version if isinstance(version, str) and version else "v1")
    params = _object(raw, "params")
    return {
        "feature_extractor_name": extractor.name,
        "version": extractor.version,
        "feature_extractor_id": extractor.identifier,
        "params": params,
        "parameters": _parameters(extractor.name, _object(raw, "parameters") or params or {}),
        "input_mappings": _known_inputs(extractor.name, read_mappings(raw.get("input_mappings"))),
        "field_passthrough": read_passthrough(raw.get("field_passthrough"), f"{PATH}.field_passthrough"),
        "include_all_source_fields": bool(raw.get("include_all_source_fields", False)),
    }


def _parameters(name: str, given: JsonObject) -> JsonObject:
    """What was given, checked; the extractor adds the defaults of the day on which it runs."""
    kind = PARAMETERS.get(name)
    if kind is None:
        return {TYPE: name} | given
    read = read_parameters(kind, given, PARAMETERS_PATH, stored=False)
    return {TYPE: name} | read.model_dump(exclude_unset=True, exclude={TYPE})


def _known_inputs(name: str, mappings: dict[str, str]) -> dict[str, str]:
    known = traits_of(name).inputs
    for key in mappings:
        if known and key not in known:
            path = f"{PATH}.input_mappings.{key}"
            raise InvalidArgumentError(f"{path}: {name} reads {' or '.join(known)}, not '{key}'.", path=path)
    return mappings


def _from_features(features: Any) -> JsonObject | None:
    for uri in features if isinstance(features, list) else []:
        address = parse_feature_uri(uri) if isinstance(uri, str) else None
        if address is not None:
            return {"feature_extractor_name": address.extractor, "version": address.version}
    return None


def _object(raw: Mapping[str, Any], key: str) -> JsonObject | None:
    value = raw.get(key)
    if value is not None and not isinstance(value, dict):
        raise InvalidArgumentError(f"{PATH}.{key} must be an object.", path=f"{PATH}.{key}")
    return value


def read_mappings(raw: Any) -> dict[str, str]:
    """Input of the extractor -> blob property, from a map or a list of {input_key, path}; paths lose `payload.`."""
    path = f"{PATH}.input_mappings"
    if isinstance(raw, list):
        raw = {_mapping_key(item): _mapping_path(item) for item in raw if isinstance(item, Mapping)}
    if not isinstance(raw, Mapping | None) or not all(isinstance(value, str) for value in (raw or {}).values()):
        raise InvalidArgumentError(f'{path} must be a map such as {{"image": "image_url"}}.', path=path)
    return {str(key): strip_root(value) for key, value in (raw or {}).items()}


def _mapping_key(item: Mapping[str, Any]) -> Any:
    return item.get("input_key") or item.get("target") or item.get("name")


def _mapping_path(item: Mapping[str, Any]) -> Any:
    return item.get("path") or item.get("source_path") or item.get("source")


def read_passthrough(raw: Any, path: str) -> list[JsonObject]:
    """The rules of a collection, from names of fields or from rules; none from null."""
    if not isinstance(raw, list | None):
        raise InvalidArgumentError(f"{path} must be a list.", path=path)
    return [_rule(item, f"{path}.{position}") for position, item in enumerate(raw or [])]


def _rule(item: Any, path: str) -> JsonObject:
    if isinstance(item, str) and item:
        return {"source_path": item, "target_path": None, "default": None, "required": False}
    if isinstance(item, Mapping) and isinstance(item.get("source_path"), str):
        return {
            "source_path": item["source_path"],
            "target_path": item.get("target_path"),
            "default": item.get("default"),
            "required": bool(item.get("required", False)),
        }
    raise InvalidArgumentError(f'{path} must be a field name or {{"source_path": ...}}.', path=path)
