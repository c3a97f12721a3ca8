"""Feature URIs, `mixpeek://<extractor>@<version>/<output>`: the name of a slot that a model serves."""

import re
from dataclasses import dataclass

from services.gateway.kit.shapes import Answer

SCHEME = "mixpeek"
FORM = re.compile(r"mixpeek://(?P<extractor>[^@/]+)@(?P<version>[^/]+)(?:/(?P<output>.+))?")


class FeatureAddress(Answer):
    """FeatureAddress: a feature URI in parts."""

    scheme: str = SCHEME
    extractor: str
    version: str
    output: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExtractorName:
    """An extractor and its version."""

    name: str
    version: str

    @property
    def joined(self) -> str:
        """As the extractor service says it: `image_extractor@v1`."""
        return f"{self.name}@{self.version}"

    @property
    def identifier(self) -> str:
        """As the contract says it: `image_extractor_v1`."""
        return f"{self.name}_{self.version}"

    @property
    def vector_field(self) -> str:
        """The document field of its embedding."""
        return f"{self.identifier}_embedding"

    @classmethod
    def parse(cls, joined: str) -> "ExtractorName":
        """From `image_extractor@v1`."""
        name, _, version = joined.partition("@")
        return cls(name=name, version=version or "v1")


def parse_feature_uri(uri: str) -> FeatureAddress | None:
    """The parts of a feature URI, None when it is not one."""
    found = FORM.fullmatch(uri)
    return FeatureAddress(**found.groupdict()) if found else None


def output_of(feature_uri: str) -> str:
    """The last part: the output, which is the name of the model that the slot stands for."""
    return feature_uri.rsplit("/", 1)[-1]
