"""Blobs: where they are kept, where they come from, and the links that open them."""

from services.common.blobs.inline import decode_base64, parse_data_uri, parse_inline
from services.common.blobs.links import LinkSigner
from services.common.blobs.reader import BlobReader, open_blob_reader
from services.common.blobs.s3 import S3Source
from services.common.blobs.store import BlobStore, open_blob_store
from services.common.fetched import Fetched

__all__ = [
    "BlobReader",
    "BlobStore",
    "Fetched",
    "LinkSigner",
    "S3Source",
    "decode_base64",
    "open_blob_reader",
    "open_blob_store",
    "parse_data_uri",
    "parse_inline",
]
