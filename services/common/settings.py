"""Settings, read once from environment variables with the prefix LIKENESS_."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from cryptography.fernet import Fernet
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.common.export_destinations import read_destinations


class Settings(BaseSettings):
    """All services share this class; each reads what it needs. Sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="LIKENESS_", extra="ignore", frozen=True)

    data_dir: Path = Path("./.likeness")
    models_dir: Path | None = None
    strict_models: bool = False
    log_level: str = "info"

    database_url: str = ""
    database_pool_size: int = 8

    extractor_address: str = "127.0.0.1:7001"
    index_address: str = "127.0.0.1:7002"
    taxonomy_address: str = "127.0.0.1:7003"
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    rate_limit_per_minute: int = Field(default=0, ge=0)

    blob_store: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""
    presigned_seconds: int = 3600
    export_destinations: str = ""

    fetch_allow: str = ""
    fetch_timeout: float = 30.0
    max_blob_bytes: int = 50_000_000
    max_body_bytes: int = 16 * 1024 * 1024
    max_pixels: int = 100_000_000

    auto_process: bool = True
    max_attempts: int = Field(default=5, ge=1)
    retry_base_seconds: float = 0.5
    worker_concurrency: int = 32

    extractor_threads: int = 0
    extractor_batch: int = 8
    extractor_queue: int = 64

    index_exact_limit: int = 10_000
    index_snapshot_seconds: float = 300.0

    secrets_key: str = ""
    webhook_retry_seconds: tuple[float, ...] = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
    webhook_pause_failures: int = Field(default=50, ge=1)
    webhook_pause_seconds: float = Field(default=259_200.0, ge=0)
    alert_sweep_seconds: float = Field(default=60.0, gt=0)
    event_retention_days: float = Field(default=90.0, gt=0)

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str = ""
    smtp_password: str = ""
    smtp_from: str = ""

    llm_url: str = ""
    llm_model: str = ""
    llm_api_key: str = ""
    llm_timeout: float = 30.0

    cluster_sample_limit: int = Field(default=50_000, ge=100)

    drain_seconds: float = 10.0
    rpc_timeout: float = 30.0

    @field_validator("fetch_allow")
    @classmethod
    def _valid_networks(cls, value: str) -> str:
        for part in filter(None, value.split(",")):
            ip_network(part.strip())
        return value

    @field_validator("export_destinations")
    @classmethod
    def _valid_destinations(cls, value: str) -> str:
        read_destinations(value)
        return value

    @field_validator("secrets_key")
    @classmethod
    def _usable_keys(cls, value: str) -> str:
        for number, part in enumerate(filter(None, map(str.strip, value.split(","))), 1):
            try:
                Fernet(part)
            except ValueError:
                message = f"key {number} is not 32 bytes in URL-safe base64; `likeness up` makes one by itself"
                raise ValueError(message) from None
        return value

    @property
    def fetch_allow_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """CIDRs that outgoing requests may reach although they are private."""
        return tuple(ip_network(part.strip()) for part in self.fetch_allow.split(",") if part.strip())
