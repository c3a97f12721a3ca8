"""Headers by which a receiver knows a delivery again, and that it comes from here.

Standard Webhooks libraries take a secret that starts with `whsec_` as it is. For any other secret they are given its
bytes, such as `Webhook(secret.encode())`, or `whsec_` and its base64.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"


def headers_of(event_id: str, body: bytes, secrets: Sequence[str], timestamp: int) -> dict[str, str]:
    """The headers of a delivery at `timestamp` (Unix seconds), signed with each of the secrets."""
    headers = {"webhook-id": event_id}
    if not secrets:
        return headers
    standard = [f"v1,{_standard(secret, event_id, body, timestamp)}" for secret in secrets]
    contract = [f"v1={_contract(secret, body, timestamp)}" for secret in secrets]
    return headers | {
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(standard),
        "X-Mixpeek-Signature": ",".join([f"t={timestamp}", *contract]),
    }


def key_of(secret: str) -> bytes:
    """The key of Standard Webhooks: base64 after `whsec_`, else the bytes of the text."""
    encoded = secret.removeprefix(PREFIX)
    if encoded == secret:
        return secret.encode()
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) or secret.encode()
    except ValueError:
        return secret.encode()


def _standard(secret: str, event_id: str, body: bytes, timestamp: int) -> str:
    digest = hmac.digest(key_of(secret), b"%s.%d.%s" % (event_id.encode(), timestamp, body), hashlib.sha256)
    return base64.b64encode(digest).decode()


def _contract(secret: str, body: bytes, timestamp: int) -> str:
    return hmac.digest(secret.encode(), b"%d.%s" % (timestamp, body), hashlib.sha256).hex()
