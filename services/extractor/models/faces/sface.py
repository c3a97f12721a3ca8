"""SFace, the embedded recogniser, and others of its form: 112 x 112 pixels 0..255 in, one vector out."""

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from services.extractor.models.faces.face_manifest import FaceManifest


class SFace:
    """The network that a face manifest describes."""

    def __init__(self, manifest: FaceManifest, session: InferenceSession) -> None:
        self.name = manifest.model
        self._input = manifest.input
        self._output = manifest.output
        self._session = session

    @property
    def providers(self) -> tuple[str, ...]:
        """Asked of the session."""
        return tuple(self._session.get_providers())

    def embed(self, crops: NDArray[np.generic]) -> NDArray[np.float32]:
        """As Recogniser says."""
        pixels = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32)
        embeddings: NDArray[np.float32] = self._session.run([self._output], {self._input: pixels})[0]
        return embeddings
