"""E-mail through a real SMTP server: readable, complete, tried again only where that can help."""

import asyncio
import email
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP

from tests.integration.worker.webhooks.delivery_bench import DeliveryBench

JsonObject = dict[str, Any]
TO = {"to_addresses": ["ann@example.com", "bob@example.com"]}


@dataclass
class Mailbox:
    """An SMTP server that keeps what it takes; `answer` is what it says to a message."""

    answer: str = "250 OK"
    refused: str = ""
    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Takes or refuses one recipient."""
        if self.refused and address.startswith(self.refused):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Takes or refuses the message."""
        if self.answer.startswith("250"):
            message = email.message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)
            self.recipients.append(list(envelope.rcpt_tos))
        return self.answer


@asynccontextmanager
async def mailbox(
    answer: str = "250 OK", refused: str = "", security: str = "none", certificate: ssl.SSLContext | None = None
) -> AsyncIterator[Mailbox]:
    """A server on a free port; it wants TLS as `security` says."""
    box, loop = Mailbox(answer, refused), asyncio.get_running_loop()
    inner, outer = (certificate, None) if security == "starttls" else (None, certificate)
    server = await loop.create_server(
        lambda: SMTP(box, loop=loop, tls_context=inner, require_starttls=inner is not None),
        "127.0.0.1",
        0,
        ssl=outer,
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mailbox() as box:
        yield box


def smtp(box: Mailbox) -> JsonObject:
    """Settings for the server."""
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": box.port,
        "smtp_security": "none",
        "smtp_from": "likeness@example.com",
        "webhook_retry_seconds": (0.5, 600.0),
    }


async def mailed(delivery_bench: DeliveryBench, box: Mailbox, configs: JsonObject, payload: JsonObject) -> Any:
    """The delivery after its first attempts."""
    webhook = await delivery_bench.webhook({"channel": "email", "configs": {**TO, **configs}})
    await delivery_bench.happen(webhook, ["obj_1"], payload)
    async with delivery_bench.deliverer(**smtp(box)):
        [row] = await delivery_bench.ended()
    return row


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    """The text of the message in one of its forms."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


async def test_people_get_what_they_can_read(delivery_bench: DeliveryBench, box: Mailbox) -> None:
    configs = {"cc_addresses": ["cid@example.com"], "bcc_addresses": ["dora@example.com"]}
    row = await mailed(delivery_bench, box, configs, {"bucket_id": "bkt_1"})
    [message] = box.messages
    assert row["status"] == "delivered"
    assert message["Subject"] == "object.created: object obj_1"
    assert (message["To"], message["Cc"], message["Bcc"]) == (", ".join(TO["to_addresses"]), "cid@example.com", None)
    assert message["From"] == "likeness@example.com"
    assert message["Message-ID"] == f"<{row['delivery_id']}@likeness>"
    assert box.recipients == [[*TO["to_addresses"], "cid@example.com", "dora@example.com"]]
    assert "bucket_id: bkt_1" in text_of(message)


async def test_templates_make_subject_and_body(delivery_bench: DeliveryBench, box: Mailbox) -> None:
    configs = {
        "subject_template": "New: {{ metadata.name }}",
        "body_template": "<b>{{ metadata.name }}</b>",
        "content_type": "html",
    }
    await mailed(delivery_bench, box, configs, {"name": "<i>ü</i>\r\nBcc: eve@example.com"})
    [message] = box.messages
    assert message["Subject"] == "New: <i>ü</i> Bcc: eve@example.com"
    assert message["Bcc"] is None
    assert box.recipients == [TO["to_addresses"]]
    assert "<b>&lt;i&gt;ü&lt;/i&gt;" in text_of(message, "html")


async def test_markdown_comes_as_text_and_html(delivery_bench: DeliveryBench, box: Mailbox) -> None:
    configs = {"body_template": "# {{ metadata.name }}", "content_type": "markdown"}
    await mailed(delivery_bench, box, configs, {"name": "<script>x</script>"})
    [message] = box.messages
    assert text_of(message).strip() == "# <script>x</script>"
    assert "<h1>&lt;script&gt;" in text_of(message, "html")


async def test_json_comes_as_json(delivery_bench: DeliveryBench, box: Mailbox) -> None:
    row = await mailed(delivery_bench, box, {"content_type": "json"}, {"n": 1})
    [message] = box.messages
    assert message.get_content_type() == "application/json"
    assert f'"event_id": "{row["event_id"]}"'.encode() in message.get_content()


async def test_a_template_that_fails_gives_way_to_the_default(delivery_bench: DeliveryBench, box: Mailbox) -> None:
    row = await mailed(delivery_bench, box, {"body_template": "{{ 'a' * 99 }}"}, {"n": 1})
    assert row["status"] == "delivered"
    assert "body_template" in row["error"]
    assert text_of(box.messages[0]).startswith("object.created: object obj_1")


async def test_what_is_refused_for_good_is_not_tried_again(delivery_bench: DeliveryBench) -> None:
    async with mailbox("554 no spam please") as box:
        row = await mailed(delivery_bench, box, {}, {"n": 1})
    assert (row["status"], row["attempts"]) == ("failed", 1)
    assert "554 no spam please" in row["error"]


async def test_what_is_refused_for_now_is_tried_again(delivery_bench: DeliveryBench) -> None:
    async with mailbox("451 later") as box:
        webhook = await delivery_bench.webhook({"channel": "email", "configs": TO})
        await delivery_bench.happen(webhook, ["obj_1"])
        async with delivery_bench.deliverer(**smtp(box)):
            row = await delivery_bench.attempted(2)
            assert row["status"] == "pending"
            assert "451 later" in row["error"]
            box.answer = "250 OK"
            await delivery_bench.pool.execute("UPDATE delivery_lanes SET due_at = now() WHERE claimed_by IS NULL")
            [row] = await delivery_bench.ended()
    assert row["status"] == "delivered"
    assert len(box.messages) == 1


async def test_recipients_that_are_refused_are_named(delivery_bench: DeliveryBench) -> None:
    async with mailbox(refused="ann@") as box:
        row = await mailed(delivery_bench, box, {}, {"n": 1})
    assert row["status"] == "delivered"
    assert row["error"] == "Refused for ann@example.com: 550 no such user"
    async with mailbox(refused="") as box:
        box.refused = "a"
        await delivery_bench.pool.execute("DELETE FROM deliveries")
        row = await mailed(delivery_bench, box, {"to_addresses": ["ann@example.com"]}, {"n": 1})
    assert row["status"] == "failed"
    assert "550 no such user" in row["error"]


async def test_an_address_that_would_break_out_of_its_header_ends_the_delivery(
    delivery_bench: DeliveryBench, box: Mailbox
) -> None:
    row = await mailed(delivery_bench, box, {"cc_addresses": ["a@example.com\r\nBcc: eve@example.com"]}, {"n": 1})
    assert row["status"] == "failed"
    assert box.messages == []


async def test_without_a_server_the_delivery_says_what_to_set(delivery_bench: DeliveryBench) -> None:
    webhook = await delivery_bench.webhook({"channel": "email", "configs": TO})
    await delivery_bench.happen(webhook, ["obj_1"])
    async with delivery_bench.deliverer():
        [row] = await delivery_bench.ended()
    assert (row["status"], row["error"]) == ("failed", "not_configured: set LIKENESS_SMTP_HOST")
    assert (await delivery_bench.health(webhook))["consecutive_failures"] == 0


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_the_way_to_the_server_is_encrypted(
    delivery_bench: DeliveryBench, security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, certificate = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(certificate)
    await delivery_bench.happen(await delivery_bench.webhook({"channel": "email", "configs": TO}), ["obj_1"])
    async with (
        mailbox(security=security, certificate=certificate) as box,
        delivery_bench.deliverer(**smtp(box) | {"smtp_security": security}),
    ):
        row = await delivery_bench.attempted()
        assert row["status"] == "pending"
        assert "certificate" in row["error"].lower()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        [row] = await delivery_bench.ended()
    assert row["status"] == "delivered"
    assert len(box.messages) == 1


async def test_a_server_that_is_away_is_tried_again(delivery_bench: DeliveryBench) -> None:
    async with mailbox() as box:
        away = smtp(box)
    await delivery_bench.happen(await delivery_bench.webhook({"channel": "email", "configs": TO}), ["obj_1"])
    async with delivery_bench.deliverer(**away):
        row = await delivery_bench.attempted()
    assert row["status"] == "pending"
    assert "The SMTP server did not take it" in row["error"]
