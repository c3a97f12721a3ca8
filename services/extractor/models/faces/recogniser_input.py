"""Makes pieces, ready for the recogniser, of the faces of one picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.common.extractors.parameters import FaceParameters
from services.extractor.media.picture import Picture
from services.extractor.model_port import Artifact, Fields, Prepared
from services.extractor.models.faces.alignment import SIDE
from services.extractor.models.faces.face_fields import Finding, crop_artifact, fields_of, frame_artifact, summary

ROWS = 4
NOTHING = Prepared(np.empty((0, SIDE, SIDE, 3), np.uint8), ())


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a collection or a query asks for; `names` are the models' own, as fields. A query wants the largest face."""

    parameters: FaceParameters
    names: Fields
    is_query: bool


def pieces(findings: Sequence[Finding], picture: Picture, wanted: Wanted) -> Iterator[Prepared]:
    """Up to four faces each; the largest alone for a query or a whole picture; an empty one where there is no face."""
    if not findings:
        yield NOTHING
    elif wanted.is_query:
        yield _piece(findings[:1], picture, wanted, {})
    elif wanted.parameters.output_mode == "per_image":
        yield _piece(findings[:1], picture, wanted, summary(findings, wanted.parameters))
    else:
        for start in range(0, len(findings), ROWS):
            yield _piece(findings[start : start + ROWS], picture, wanted, {})


def _piece(findings: Sequence[Finding], picture: Picture, wanted: Wanted, extra: Fields) -> Prepared:
    parameters = wanted.parameters
    frame = [frame_artifact(picture.pixels)] if parameters.include_source_frame_thumbnail else []
    return Prepared(
        rows=np.stack([each.crop for each in findings]),
        fields=tuple({**fields_of(each, picture, parameters), **wanted.names, **extra} for each in findings),
        artifacts=tuple((*_crop(each, parameters), *frame) for each in findings),
        ranks=tuple(each.face.area if wanted.is_query else each.quality for each in findings),
    )


def _crop(found: Finding, parameters: FaceParameters) -> Sequence[Artifact]:
    return [crop_artifact(found)] if parameters.include_face_crops else []
