"""Every setting, read from `SLOOP_*` environment variables. A wrong one stops the program before anything is touched."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from slo.errors import SettingsError


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SLOOP_", extra="ignore", frozen=True)

    estate: str = Field("", description="File or folder with the estate; needed by `sloop serve`.")
    host: str = Field("127.0.0.1", description="Address to listen on. With `auth=none` only loopback is allowed.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    base_url: str = Field("", description="Address of the pages as people reach them, for links in messages.")
    auth: Literal["none"] = Field("none", description="Who may read. `none` is refused beyond loopback; sign-in comes later.")
    database_url: str = Field("", description="SQLAlchemy URL. Default: an SQLite file in the user's data folder.")
    topic_arn: str = Field("", description="SNS topic that pages are published to. Without it pages stay in the outbox.")
    second_topic_arn: str = Field("", description="SNS topic of another region that takes pages when the first one does not.")
    pager_endpoint: str = Field("", description="Address that `sloop apply` subscribes to the pages topic; http or https.")
    second_endpoint: str = Field("", description="Address that hears when Sloop itself is dead. Default: the pager's own.")
    writes_per_second: float = Field(3, gt=0, le=1000, description="Fastest that `sloop apply` writes. AWS takes 3.")
    prometheus_url: str = Field("", description="Prometheus server, like http://127.0.0.1:9090; needed by its components.")
    prometheus_token: SecretStr = Field(SecretStr(""), description="Bearer token for it.")
    prometheus_user: str = Field("", description="User name for it, with SLOOP_PROMETHEUS_PASSWORD.")
    prometheus_password: SecretStr = Field(SecretStr(""), description="Password of that user.")
    prometheus_aws_region: str = Field(
        "", pattern=r"^([a-z]{2}(-[a-z]+)+-\d+)?$", description="For Amazon Managed Prometheus: the region to sign for."
    )
    prometheus_ca_file: str = Field("", description="PEM file of the authorities that may vouch for it, in place of the usual.")
    prometheus_client_cert: str = Field("", description="PEM file of the certificate that Sloop shows it.")
    prometheus_client_key: str = Field("", description="PEM file of that certificate's key, unless it is in the same file.")
    grafana_url: str = Field("", description="Grafana that `sloop apply` keeps the dashboards in, like http://127.0.0.1:3000.")
    grafana_token: SecretStr = Field(SecretStr(""), description="Token of a Grafana service account with the role Editor.")
    cloudwatch_dashboards: Literal["all", "overview", "none"] = Field("all", description="Which ones `sloop apply` keeps.")
    hook_topic_arns: str = Field(
        "", description="SNS topics that /hooks/sns listens to, by comma. Without one it is not there."
    )
    hook_cert_hosts: str = Field("", description="Stand-ins for SNS that it believes too: host:port on loopback, by comma.")
    settle_seconds: int = Field(180, ge=0, le=3600, description="CloudWatch: seconds after a minute's end until it is judged.")
    prometheus_settle_seconds: int = Field(30, ge=0, le=3600, description="The same for Prometheus.")
    poll_minutes: int = Field(5, ge=1, le=60, description="CloudWatch: minutes between polls (each reads every minute).")
    prometheus_poll_minutes: int = Field(1, ge=1, le=60, description="The same for Prometheus.")
    logs_settle_seconds: int = Field(300, ge=0, le=3600, description="The same for CloudWatch Logs and OpenSearch.")
    logs_poll_minutes: int = Field(5, ge=1, le=60, description="The same for CloudWatch Logs and OpenSearch.")
    logs_bytes_per_day: int = Field(0, ge=0, description="Bytes that Logs Insights may scan in a UTC day; 0: no limit.")
    logs_history_days: int = Field(1, ge=1, le=90, description="Days of CloudWatch Logs that a first start reads.")
    opensearch_url: str = Field("", description="OpenSearch, like https://127.0.0.1:9200; needed by indicators that search it.")
    opensearch_user: str = Field("", description="User name for it, with SLOOP_OPENSEARCH_PASSWORD.")
    opensearch_password: SecretStr = Field(SecretStr(""), description="Password of that user.")
    opensearch_aws_region: str = Field(
        "", pattern=r"^([a-z]{2}(-[a-z]+)+-\d+)?$", description="For Amazon OpenSearch with IAM: the region to sign for."
    )
    opensearch_aws_service: Literal["es", "aoss"] = Field("es", description="What is signed for: a domain, or serverless.")
    retention_days: int = Field(90, description="Days that minutes are kept; at least 90 and the longest window + 2 days.")
    hours_years: int = Field(3, ge=1, le=20, description="Years that sums of hours are kept, for charts and reports.")
    quiet_minutes: int = Field(15, ge=1, le=240, description="Quiet minutes after which a breach resolves.")
    flap_transitions: int = Field(0, ge=0, le=60, description="Turns within an hour at which a breach is held open; 0: never.")
    reports_dir: str = Field("", description="Folder of the weekly reports. Default: `reports` in the user's data folder.")
    test_fire_days: int = Field(30, ge=0, le=365, description="Days after which a way to the pager is tested anew; 0: never.")
    xray_map: bool = Field(False, description="Read X-Ray's map of every account, not only where a component is of kind xray.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level of the log on stderr.")

    @field_validator("flap_transitions")
    @classmethod
    def _turns_twice(cls, value: int) -> int:
        if value == 1:
            raise ValueError("a resolve is a second turn at least; give 0 (never) or 2 to 60")
        return value

    @field_validator("hook_topic_arns")
    @classmethod
    def _topics(cls, value: str) -> str:
        if any(part.split(":")[:3:2] != ["arn", "sns"] or part.count(":") != 5 for part in listed(value)):
            raise ValueError("give ARNs of topics, like arn:aws:sns:us-east-1:111122223333:events")
        return value

    @field_validator("hook_cert_hosts")
    @classmethod
    def _loopback_only(cls, value: str) -> str:
        """Whoever answers there decides what is believed, so it is nobody beyond this machine."""
        hosts = [host.rpartition(":") for host in listed(value)]
        if not all(port.isdecimal() and _is_loopback(name.strip("[]")) for name, _, port in hosts):
            raise ValueError("only host:port on loopback, like 127.0.0.1:4566")
        return value

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{_data_folder() / 'sloop.sqlite'}"

    @property
    def reports(self) -> Path:
        return Path(self.reports_dir) if self.reports_dir else _data_folder() / "reports"

    @property
    def address(self) -> str:
        """Where the pages are, without a slash at the end."""
        return self.base_url.rstrip("/") or f"http://{self.host}:{self.port}"


def read_settings() -> Settings:
    """SettingsError names the variable and what it accepts."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"SLOOP_{'_'.join(str(p) for p in first['loc']).upper()}"
        raise SettingsError(f"{name}: {first['msg']}; got {first.get('input')!r}") from None
    if settings.auth == "none" and not _is_loopback(settings.host):
        raise SettingsError(
            f"SLOOP_HOST={settings.host}: SLOOP_AUTH=none may only listen on loopback; use 127.0.0.1 behind a proxy"
        )
    return settings


def listed(value: str) -> list[str]:
    """Parts of a list that is written with commas."""
    return [part.strip() for part in value.split(",") if part.strip()]


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _data_folder() -> Path:
    """XDG data home, made when it is missing."""
    import os  # noqa: PLC0415  # the one variable that is not ours

    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    folder = Path(base) / "sloop"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
