"""Which of the two places uploads wait in."""

from services.common.blobs.s3 import open_s3
from services.common.blobs.staging import Staging
from services.common.blobs.staging_local import LocalStaging
from services.common.blobs.staging_s3 import S3Staging
from services.common.blobs.store import BeforePut, local_root, s3_place
from services.common.settings import Settings


def open_staging(settings: Settings, before_put: BeforePut | None = None) -> Staging:
    """Beside the blobs of these settings; `before_put` is told each key under which a blob will be kept."""
    if settings.blob_store:
        store = open_s3(settings, *s3_place(settings))
        return S3Staging(store, settings.max_blob_bytes, before_put)
    return LocalStaging(local_root(settings), settings.max_blob_bytes, before_put)
