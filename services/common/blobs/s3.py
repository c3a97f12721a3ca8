"""Any S3: the store of our own blobs, and the `s3://` URLs that users give."""

import re
from datetime import timedelta

import obstore
from cachetools import LRUCache
from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from services.common.errors import InvalidArgumentError, LikenessError, UnavailableError
from services.common.http.content import Fetched, mime_type_of, safe_filename
from services.common.settings import Settings

_URL = re.compile(r"s3://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{1,62})/(?P<key>.+)", re.IGNORECASE | re.DOTALL)
# obstore takes such a key for another one, or refuses it without saying why.
_OTHER_KEY = re.compile(r"^/|/$|//|(?:^|/)\.{1,2}(?:/|$)|[\x00-\x1f\x7f]")
_CONNECT = timedelta(seconds=5)
_STORES = 64


def open_s3(settings: Settings, bucket: str, prefix: str | None = None) -> S3Store:
    """A bucket at the endpoint of the settings; InvalidArgumentError S3_NOT_CONFIGURED without credentials."""
    if not (settings.s3_access_key_id and settings.s3_secret_access_key):
        raise InvalidArgumentError(
            "No S3 credentials: set LIKENESS_S3_ACCESS_KEY_ID and LIKENESS_S3_SECRET_ACCESS_KEY.",
            reason="S3_NOT_CONFIGURED",
        )
    timeout = timedelta(seconds=settings.fetch_timeout)
    return S3Store(
        bucket,
        prefix=prefix,
        endpoint=settings.s3_endpoint or None,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key,
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": settings.s3_endpoint.startswith("http://"),
            "connect_timeout": _CONNECT,
            "timeout": timeout,
        },
        retry_config={"max_retries": 2, "retry_timeout": timeout},
    )


class S3Source:
    """Reads `s3://bucket/key` with the credentials of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stores: LRUCache[str, S3Store] = LRUCache(_STORES)

    async def read(self, url: str) -> Fetched:
        """The object; InvalidArgumentError S3_URL, S3_KEY, S3_NOT_CONFIGURED, S3_NOT_FOUND, S3_DENIED, S3_TOO_LARGE."""
        bucket, key = split_url(url)
        store = self._store(bucket)
        try:
            result = await obstore.get_async(store, key)
            if result.meta["size"] > self._settings.max_blob_bytes:
                raise _too_large(url, self._settings.max_blob_bytes)
            content = bytes(await result.bytes_async())
        except (BaseError, OSError, ValueError) as error:
            raise s3_error(error, url) from error
        filename = safe_filename(key)
        declared = str(result.attributes.get("Content-Type", ""))
        return Fetched(content, mime_type_of(content, declared, filename), filename, url)

    def _store(self, bucket: str) -> S3Store:
        if bucket not in self._stores:
            self._stores[bucket] = open_s3(self._settings, bucket)
        return self._stores[bucket]


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` URL."""
    match = _URL.fullmatch(url)
    if not match:
        raise InvalidArgumentError(f"'{url[:200]}' is not of the form s3://bucket/key.", reason="S3_URL")
    if _OTHER_KEY.search(match["key"]):
        message = (
            f"'{url[:200]}' names the key '{match['key'][:200]}', which cannot be read as it is written: a key must "
            "not begin or end with a slash, hold two in a row, a part '.' or '..', or a control character. "
            "Copy it to another key."
        )
        raise InvalidArgumentError(message, reason="S3_KEY")
    return match["bucket"], match["key"]


def s3_error(error: Exception, what: str) -> LikenessError:
    """What a failure of obstore means for `what`, a URL or key."""
    match error:
        case NotFoundError() | FileNotFoundError():
            return InvalidArgumentError(f"'{what}' does not exist.", reason="S3_NOT_FOUND")
        case PermissionDeniedError() | UnauthenticatedError() | PermissionError():
            return InvalidArgumentError(f"The S3 credentials may not read '{what}'.", reason="S3_DENIED")
        case ValueError():
            return InvalidArgumentError(f"'{what}' is not a usable S3 URL.", reason="S3_URL")
        case _:
            return UnavailableError(f"The S3 store does not answer for '{what}'; try again.", reason="S3_UNREACHABLE")


def _too_large(url: str, limit: int) -> InvalidArgumentError:
    return InvalidArgumentError(f"'{url}' is larger than {limit} bytes.", reason="S3_TOO_LARGE")
