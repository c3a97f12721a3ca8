"""Feature URIs: which slot a search means, in any of the spellings that the contract knows."""

import re

from services.taxonomy.domain import Target

_ADDRESS = re.compile(r"mixpeek://(?P<extractor>[\w.-]+)@(?P<version>[\w.-]+)(?:/(?P<output>[^/]*))?")


def fills(target: Target, feature_uri: str) -> bool:
    """Whether the target's slot is what `feature_uri` names.

    The output may be the slot's, the pinned model's, `embedding`, `<extractor>_<version>_embedding` or left out; the
    latter two spellings also work without the `mixpeek://` part.
    """
    slot = _ADDRESS.fullmatch(target.feature_uri)
    if slot is None:
        return feature_uri == target.feature_uri
    storage_name = f"{slot['extractor']}_{slot['version']}_embedding"
    asked = _ADDRESS.fullmatch(feature_uri)
    if asked is None:
        return feature_uri in (storage_name, slot["output"])
    if (asked["extractor"], asked["version"]) != (slot["extractor"], slot["version"]):
        return False
    return (asked["output"] or "embedding") in (slot["output"], target.model, "embedding", storage_name)
