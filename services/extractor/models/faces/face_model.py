"""Face models: from any picture, PDF or video to one part per face, with whichever detector and recogniser."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.errors import InvalidArgumentError
from services.common.extractors.parameters import FaceParameters, read_parameters
from services.common.extractors.vectors import check_unit
from services.extractor.manifest import Manifest
from services.extractor.media.picture import Pixels
from services.extractor.media.pictures_of_file import pictures
from services.extractor.media.video_sampling import Sampling
from services.extractor.model_port import Part, Prepared, Source
from services.extractor.models.faces.alignment import SIDE, align
from services.extractor.models.faces.face import Detector, Recogniser
from services.extractor.models.faces.face_fields import Finding, finding
from services.extractor.models.faces.recogniser_input import NOTHING, Wanted, pieces
from services.extractor.models.faces.video_persons import best_of_each

MOST_FACES = 2000
PATH = "parameters"
WARM_PICTURE = (480, 640, 3)


class FaceModel:
    """Finds faces while it prepares, embeds their aligned crops (n, 112, 112, 3)."""

    def __init__(self, manifest: Manifest, detector: Detector, recogniser: Recogniser, max_pixels: int) -> None:
        self.manifest = manifest
        self._detector = detector
        self._recogniser = recogniser
        self._max_pixels = max_pixels
        cv2.setNumThreads(1)  # lanes and decoders are the threads; OpenCV's own would fight with them

    @property
    def providers(self) -> tuple[str, ...]:
        """Where the recogniser runs."""
        return self._recogniser.providers

    def warm(self) -> None:
        """Looks for faces in a black picture and embeds a black one; checks size and norm."""
        self._detector.find(np.zeros(WARM_PICTURE, np.uint8), 0.5, 20)
        embedding = self.core(np.zeros((1, SIDE, SIDE, 3), np.uint8))
        if embedding.shape != (1, self.manifest.dimensions):
            raise ValueError(f"its output has shape {embedding.shape}, not (1, {self.manifest.dimensions})")
        check_unit(embedding[0], self.manifest.output)

    def pre(self, source: Source) -> Iterator[Prepared]:
        """Pieces of up to four faces; an empty one for a picture without any."""
        parameters = read_parameters(FaceParameters, source.parameters, PATH)
        names = {"embedding_model": self._recogniser.name, "detection_model": self._detector.name}
        wanted = Wanted(parameters, names, source.is_query)
        sampling = Sampling(parameters.video_sampling_fps, parameters.max_video_length, self._max_pixels)
        for picture in pictures(source.content, source.mime_type, sampling):
            if picture is None:
                yield NOTHING
            else:
                yield from pieces(self._find(picture.pixels, parameters), picture, wanted)

    def core(self, rows: NDArray[np.generic]) -> NDArray[np.float32]:
        """Aligned RGB crops (n, 112, 112, 3) uint8 -> (n, dimensions), unit norm."""
        embeddings = self._recogniser.embed(rows)
        norms = np.linalg.norm(embeddings, axis=1, keepdims=True)
        unit: NDArray[np.float32] = embeddings / np.maximum(norms, np.finfo(np.float32).tiny)
        return unit

    def post(self, embeddings: NDArray[np.float32], prepared: Prepared) -> tuple[Part, ...]:
        """One part per face of the piece."""
        rows = zip(embeddings, prepared.fields, prepared.artifacts, prepared.ranks, strict=True)
        return tuple(Part(*row) for row in rows)

    def select(self, source: Source, parts: Sequence[Part]) -> Sequence[Part]:
        """The largest face for a query, else NO_FACE; of each person of a video the best; of the rest all.

        Raises InvalidArgumentError with reason TOO_MANY_FACES above 2000.
        """
        if source.is_query:
            return [_largest(parts)]
        parameters = read_parameters(FaceParameters, source.parameters, PATH)
        if parameters.video_deduplication and parameters.output_mode == "per_face":
            parts = _without_repeats(parts, parameters.video_deduplication_threshold)
        if len(parts) > MOST_FACES:
            message = f"More than {MOST_FACES} faces were found; raise detection_threshold, min_face_size or "
            raise InvalidArgumentError(f"{message}quality_threshold, or cut the file.", reason="TOO_MANY_FACES")
        return parts

    def _find(self, pixels: Pixels, parameters: FaceParameters) -> tuple[Finding, ...]:
        """The faces that the parameters let pass, the largest first."""
        faces = self._detector.find(pixels, parameters.detection_threshold, parameters.min_face_size)
        large = sorted((face for face in faces if face.is_sound(parameters.min_face_size)), key=lambda face: -face.area)
        judged = (finding(index, face, align(pixels, face.landmarks)) for index, face in enumerate(large))
        good = [each for each in judged if each.quality >= (parameters.quality_threshold or 0.0)]
        return tuple(good[: parameters.max_faces_per_image])


def _largest(parts: Sequence[Part]) -> Part:
    if not parts:
        message = "No face was found in the query that is large and clear enough; use a picture that shows one."
        raise InvalidArgumentError(message, reason="NO_FACE")
    return max(parts, key=lambda part: part.rank)


def _without_repeats(parts: Sequence[Part], threshold: float) -> Sequence[Part]:
    """Of the faces of a video one per person; pictures that are not of a video are left alone."""
    if not parts or "timestamp" not in parts[0].fields:
        return parts
    known = [part for part in parts if part.obstacle is None]
    if not known:
        return known
    rows = np.stack([part.embedding for part in known])
    return [known[row] for row in best_of_each(rows, [part.rank for part in known], threshold)]
