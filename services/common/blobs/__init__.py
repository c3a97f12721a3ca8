"""Blobs: where they are kept, where they come from, and the links that open them."""

from services.common.blobs.inline import decode_base64, parse_data_uri, parse_inline
from services.common.blobs.local_links import LinkSigner
from services.common.blobs.open_staging import open_staging
from services.common.blobs.reader import BlobReader, open_blob_reader
from services.common.blobs.s3 import S3Source
from services.common.blobs.staging import Arrived, Staging
from services.common.blobs.store import BlobStore, open_blob_store
from services.common.http.content import Fetched

__all__ = [
    "Arrived",
    "BlobReader",
    "BlobStore",
    "Fetched",
    "LinkSigner",
    "S3Source",
    "Staging",
    "decode_base64",
    "open_blob_reader",
    "open_blob_store",
    "open_staging",
    "parse_data_uri",
    "parse_inline",
]
