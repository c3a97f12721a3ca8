"""Links to blobs of the local store, which has no presigned URLs of its own."""

import time

from itsdangerous import BadSignature, URLSafeSerializer

from services.common.errors import ForbiddenError

_SALT = "likeness.blob-link"


class LinkSigner:
    """Signs keys into URL-safe tokens that expire."""

    def __init__(self, secret: bytes | str) -> None:
        if not secret:
            raise ValueError("a link signer needs a secret")
        self._serializer = URLSafeSerializer(secret, salt=_SALT)

    def sign(self, key: str, seconds: int) -> str:
        """A token for `key` that is good for so many seconds."""
        return str(self._serializer.dumps([key, int(time.time()) + seconds]))

    def verify(self, token: str) -> str:
        """The key in a token; ForbiddenError LINK_INVALID or LINK_EXPIRED."""
        try:
            key, expires_at = self._serializer.loads(token)
        except (BadSignature, ValueError) as error:
            raise ForbiddenError("This link is not valid; ask for a new one.", reason="LINK_INVALID") from error
        if time.time() > expires_at:
            raise ForbiddenError("This link has expired; ask for a new one.", reason="LINK_EXPIRED")
        return str(key)
