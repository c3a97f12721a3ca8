"""The pictures of an input, whatever kind of file it is."""

from collections.abc import Iterator

import numpy as np

from services.extractor.media.file_kinds import Kind, kind_of
from services.extractor.media.image_decoder import decode_rgb
from services.extractor.media.pdf_pages import pdf_pages
from services.extractor.media.picture import Picture
from services.extractor.media.video_sampling import Sampling, sample_video


def pictures(content: bytes, mime_type: str, sampling: Sampling) -> Iterator[Picture | None]:
    """One of an image, one of each page of a PDF, the sampled ones of a video; None for a frame that is passed over.

    Raises InvalidArgumentError when the file is at fault, also while it is iterated.
    """
    match kind_of(content, mime_type):
        case Kind.PDF:
            yield from pdf_pages(content)
        case Kind.VIDEO:
            yield from sample_video(content, sampling)
        case Kind.IMAGE:
            yield Picture(np.asarray(decode_rgb(content, sampling.max_pixels)))
