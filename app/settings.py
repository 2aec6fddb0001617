"""Every setting, read from `SLOOP_*` environment variables. A wrong one stops the program before anything is touched."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
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
    pager_endpoint: str = Field("", description="Address that `sloop apply` subscribes to the pages topic; http or https.")
    writes_per_second: float = Field(3, gt=0, le=1000, description="Fastest that `sloop apply` writes. AWS takes 3.")
    prometheus_url: str = Field("", description="Prometheus server, like http://127.0.0.1:9090; needed by its components.")
    grafana_url: str = Field("", description="Grafana that `sloop apply` keeps the dashboards in, like http://127.0.0.1:3000.")
    grafana_token: SecretStr = Field(SecretStr(""), description="Token of a Grafana service account with the role Editor.")
    cloudwatch_dashboards: Literal["all", "overview", "none"] = Field("all", description="Which ones `sloop apply` keeps.")
    settle_seconds: int = Field(180, ge=0, le=3600, description="CloudWatch: seconds after a minute's end until it is judged.")
    prometheus_settle_seconds: int = Field(30, ge=0, le=3600, description="The same for Prometheus.")
    poll_minutes: int = Field(5, ge=1, le=60, description="CloudWatch: minutes between polls (each reads every minute).")
    prometheus_poll_minutes: int = Field(1, ge=1, le=60, description="The same for Prometheus.")
    retention_days: int = Field(90, description="Days that minutes are kept; at least 90 and the longest window + 2 days.")
    quiet_minutes: int = Field(15, ge=1, le=240, description="Quiet minutes after which a breach resolves.")
    reports_dir: str = Field("", description="Folder of the weekly reports. Default: `reports` in the user's data folder.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level of the log on stderr.")

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
