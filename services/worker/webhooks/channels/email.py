"""The channel `email`: a message through the operator's SMTP server."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage

import aiosmtplib

from services.common.settings import Settings
from services.worker.webhooks.channels.email_message import message_of
from services.worker.webhooks.channels.response_outcome import shortened
from services.worker.webhooks.delivery_types import Delivery, Outcome, Target

SECONDS = 30.0
NOT_CONFIGURED = "not_configured: set LIKENESS_SMTP_HOST"
PERMANENT = 500


class EmailChannel:
    """Sends e-mail by the settings `smtp_*`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def send(self, target: Target, delivery: Delivery) -> Outcome:
        """One attempt. What the server refuses for good (5xx) is over, all else may pass."""
        if not self._settings.smtp_host:
            return Outcome(verdict="over", error=NOT_CONFIGURED, blames=False)
        try:
            message, note = await message_of(target, delivery, self._sender())
        except ValueError as error:
            return Outcome(verdict="over", error=shortened(f"The message cannot be written: {error}."))
        recipients = [each for name in ("to", "cc", "bcc") for each in target.config.get(f"{name}_addresses") or []]
        try:
            refused = await self._deliver(message, recipients)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return _failure(error)
        return Outcome(verdict="delivered", error=_refusals(refused) or note)

    async def _deliver(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, aiosmtplib.SMTPResponse]:
        """Those that the server refused, when it took the message for others."""
        settings = self._settings
        refused, _ = await aiosmtplib.send(
            message,
            sender=self._sender(),
            recipients=recipients,
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username or None,
            password=settings.smtp_password or None,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
            timeout=SECONDS,
        )
        return refused

    def _sender(self) -> str:
        settings = self._settings
        named = settings.smtp_username if "@" in settings.smtp_username else "likeness@localhost"
        return settings.smtp_from or named


def _refusals(refused: Mapping[str, aiosmtplib.SMTPResponse]) -> str | None:
    listed = [f"{recipient}: {answer.code} {answer.message}" for recipient, answer in refused.items()]
    return shortened(f"Refused for {'; '.join(listed)}") if listed else None


def _failure(error: Exception) -> Outcome:
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            said = f"The SMTP server refused LIKENESS_SMTP_USERNAME: {error.code} {error.message}"
            return Outcome(verdict="again", error=shortened(said), blames=False)
        case aiosmtplib.SMTPRecipientsRefused():
            codes = [each.code for each in error.recipients]
            said = "; ".join(f"{each.recipient}: {each.code} {each.message}" for each in error.recipients)
            over = bool(codes) and min(codes) >= PERMANENT
        case aiosmtplib.SMTPResponseException():
            said, over = f"{error.code} {error.message}", error.code >= PERMANENT
        case TimeoutError():
            said, over = f"no answer within {SECONDS:g} seconds", False
        case _:
            said, over = str(error) or type(error).__name__, False
    return Outcome(verdict="over" if over else "again", error=shortened(f"The SMTP server did not take it: {said}"))
