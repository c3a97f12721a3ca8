"""Signatures as a receiver checks them: with the library of Standard Webhooks, and by the contract's header."""

import base64
import hashlib
import hmac
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from services.common.secrets.channel_secrets import new_secret, require_usable
from services.worker.webhooks.channels.signatures import headers_of, key_of

BODY = b'{"event_id":"evt_1"}'


def test_the_library_takes_a_secret_as_it_is_made_here() -> None:
    secret = new_secret()
    headers = headers_of("evt_1", BODY, [secret], int(time.time()))
    assert Webhook(secret).verify(BODY, headers) == {"event_id": "evt_1"}


def test_a_text_of_ones_own_is_given_to_the_library_as_bytes() -> None:
    headers = headers_of("evt_1", BODY, ["s3cret ü"], int(time.time()))
    Webhook("s3cret ü".encode()).verify(BODY, headers)
    Webhook(f"whsec_{base64.b64encode('s3cret ü'.encode()).decode()}").verify(BODY, headers)


@pytest.mark.parametrize(
    "secret", [new_secret(), "whsec_QQ==", "whsec_QQ", "whsec_++//", f"whsec_{base64.b64encode(bytes(200)).decode()}"]
)
def test_the_library_takes_every_secret_with_its_prefix_that_is_accepted(secret: str) -> None:
    require_usable(secret, "p")
    Webhook(secret).verify(BODY, headers_of("evt_1", BODY, [secret], int(time.time())))


@pytest.mark.parametrize("secret", ["x", "any other text", "Whsec_QQ==", "ü" * 100, "QUJD"])
def test_the_library_takes_the_bytes_of_every_other_text(secret: str) -> None:
    require_usable(secret, "p")
    Webhook(secret.encode()).verify(BODY, headers_of("evt_1", BODY, [secret], int(time.time())))


def test_both_secrets_verify_while_one_replaces_the_other() -> None:
    new, former = new_secret(), new_secret()
    headers = headers_of("evt_1", BODY, [new, former], int(time.time()))
    for secret in (new, former):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)


def test_a_changed_body_another_id_and_an_old_time_are_refused() -> None:
    secret, now = new_secret(), int(time.time())
    headers = headers_of("evt_1", BODY, [secret], now)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers | {"webhook-id": "evt_2"})
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(secret).verify(BODY, headers_of("evt_1", BODY, [secret], now - 600))
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers | {"webhook-timestamp": str(now + 1)})


def test_the_header_of_the_contract_is_the_hmac_of_time_and_body() -> None:
    headers = headers_of("evt_1", BODY, ["new", "old"], 1_700_000_000)
    signed = b"1700000000." + BODY
    digests = [hmac.new(secret, signed, hashlib.sha256).hexdigest() for secret in (b"new", b"old")]
    assert headers["X-Mixpeek-Signature"] == f"t=1700000000,v1={digests[0]},v1={digests[1]}"


def test_without_a_secret_there_is_only_the_id() -> None:
    assert headers_of("evt_1", BODY, [], 1_700_000_000) == {"webhook-id": "evt_1"}


@given(st.text(min_size=1).map(lambda text: f"whsec_{text}"))
def test_any_secret_has_a_key(secret: str) -> None:
    assert key_of(secret)


def test_a_prefix_before_what_is_not_base64_belongs_to_the_secret() -> None:
    assert key_of("whsec_not base64!") == b"whsec_not base64!"
    assert key_of("whsec_") == b"whsec_"
