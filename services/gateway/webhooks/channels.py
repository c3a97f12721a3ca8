"""Where webhooks and alerts tell of events: an HTTP receiver, a Slack channel, e-mail addresses."""

from collections.abc import Iterable, Sequence
from email.headerregistry import Address
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError
from yarl import URL

from services.common.errors import InvalidArgumentError
from services.common.http.allowed_addresses import Network, is_allowed
from services.common.templates.event_templates import check
from services.common.validation.unknown_keys import reason_of
from services.gateway.kit.shapes import Form, JsonObject

ChannelType = Literal["email", "slack", "webhook"]
OURS = frozenset({"x-mixpeek-signature", "webhook-id", "webhook-timestamp", "webhook-signature"})
OF_HTTP = frozenset(
    {"connection", "content-encoding", "content-length", "expect", "host", "te", "trailer", "transfer-encoding"}
    | {"upgrade"}
)
MOST_ADDRESSES = 50


def _url(text: str) -> str:
    try:
        url = URL(text)
        # A port out of range is an error only when it is asked for.
        usable = url.scheme in ("http", "https") and bool(url.host) and bool(url.port)
    except ValueError as error:
        message = f"is not a URL: {error}"
        raise ValueError(message) from error
    if not usable:
        message = "must be an http or https URL with a host"
        raise ValueError(message)
    return text


def _email(text: str) -> str:
    try:
        is_plain = text.isascii() and text.isprintable() and Address(addr_spec=text).addr_spec == text
    except Exception as error:  # the parser of the standard library fails in its own ways
        message = "is not an e-mail address"
        raise ValueError(message) from error
    if not is_plain:
        message = "must be one e-mail address, without a name or comments, its domain in ASCII"
        raise ValueError(message)
    return text


def _header(name: str) -> str:
    if name.lower() in OURS | OF_HTTP:
        message = f"'{name}' is set by the server"
        raise ValueError(message)
    return name


Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\s\x00-\x1f\x7f]+$"), AfterValidator(_url)]
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_email)]
Emails = Annotated[list[Email], Field(max_length=MOST_ADDRESSES)]
HeaderName = Annotated[
    str, StringConstraints(max_length=100, pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"), AfterValidator(_header)
]
HeaderValue = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00-\x08\x0a-\x1f\x7f]*$")]
Short = Annotated[str, StringConstraints(max_length=200)]
Template = Annotated[str, StringConstraints(max_length=50_000)]


class WebhookConfig(Form):
    """An HTTP receiver; `signing_secret` is stored encrypted and read back as "redacted". `timeout` in seconds."""

    url: Url
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    headers: Annotated[dict[HeaderName, HeaderValue] | None, Field(max_length=50)] = None
    payload_template: Annotated[JsonObject | None, Field(description="Templates in its texts are rendered")] = None
    timeout: Annotated[float, Field(ge=1, le=30)] = 10.0
    signing_secret: Annotated[
        str | None, Field(max_length=500, description='"redacted" or nothing keeps the stored one, "" removes it')
    ] = None


class SlackConfig(Form):
    """A channel of Slack, by its incoming webhook."""

    webhook_url: Url
    channel: Short | None = None
    username: Short | None = None
    icon_emoji: Short | None = None
    icon_url: Annotated[str | None, Field(max_length=2000)] = None
    blocks_template: Annotated[Template | None, Field(description="Renders to the JSON of Slack's blocks")] = None


class EmailConfig(Form):
    """E-mail, by the SMTP server of the operator."""

    to_addresses: Annotated[list[Email], Field(min_length=1, max_length=MOST_ADDRESSES)]
    subject_template: Annotated[str | None, Field(max_length=1000)] = None
    body_template: Template | None = None
    content_type: Literal["plain_text", "html", "markdown", "json"] = "plain_text"
    cc_addresses: Emails | None = None
    bcc_addresses: Emails | None = None


Config = WebhookConfig | SlackConfig | EmailConfig
FORMS: tuple[tuple[ChannelType, type[Config]], ...] = (
    ("webhook", WebhookConfig),
    ("slack", SlackConfig),
    ("email", EmailConfig),
)
TEMPLATES = frozenset({"payload_template", "blocks_template", "subject_template", "body_template"})
CONFIG_SCHEMA: JsonObject = {"anyOf": [form.model_json_schema() for _, form in FORMS]}


def read_config(channel_type: ChannelType, raw: Any, path: str, allow: Sequence[Network]) -> JsonObject:
    """The checked configuration of a channel, which stands at `path`; `allow` are private networks to be reached.

    InvalidArgumentError names the place of the first fault. Host names are checked when something is delivered.
    """
    form = dict(FORMS)[channel_type]
    try:
        config = form.model_validate(raw)
    except ValidationError as error:
        raise _fault(error, path) from error
    for name, url in _urls(config):
        _refuse_private(url, f"{path}.{name}", allow)
    stored = config.model_dump(exclude_none=True)
    for name in TEMPLATES & stored.keys():
        check(stored[name], f"{path}.{name}")
    return stored


def _fault(error: ValidationError, path: str) -> InvalidArgumentError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join([path, *(str(part) for part in first["loc"] if part != "[key]")])
    return InvalidArgumentError(f"{place}: {first['msg']}", reason=reason_of(first["type"]), path=place)


def _urls(config: Config) -> Iterable[tuple[str, str]]:
    match config:
        case WebhookConfig():
            yield "url", config.url
        case SlackConfig():
            yield "webhook_url", config.webhook_url


def _refuse_private(url: str, path: str, allow: Sequence[Network]) -> None:
    host = URL(url).host or ""
    try:
        ip_address(host)
    except ValueError:
        return
    if not is_allowed(host, allow):
        message = f"{path}: '{host}' is not a public address. LIKENESS_FETCH_ALLOW can list networks to be reached."
        raise InvalidArgumentError(message, reason="FETCH_REFUSED", path=path)
