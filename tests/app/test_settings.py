from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.settings import Settings, listed, read_settings
from slo.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SLOOP_{name.upper()}", raising=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLOOP_PORT", "http"),
        ("SLOOP_PORT", "65536"),
        ("SLOOP_AUTH", "oidc"),
        ("SLOOP_SETTLE_SECONDS", "-1"),
        ("SLOOP_PROMETHEUS_SETTLE_SECONDS", "1h"),
        ("SLOOP_POLL_MINUTES", "0"),
        ("SLOOP_PROMETHEUS_POLL_MINUTES", "61"),
        ("SLOOP_LOGS_POLL_MINUTES", "0"),
        ("SLOOP_LOGS_BYTES_PER_DAY", "-1"),
        ("SLOOP_LOGS_HISTORY_DAYS", "91"),
        ("SLOOP_OPENSEARCH_AWS_REGION", "Frankfurt"),
        ("SLOOP_OPENSEARCH_AWS_SERVICE", "aps"),
        ("SLOOP_PROMETHEUS_AWS_REGION", "Ireland"),
        ("SLOOP_RETENTION_DAYS", "ninety"),
        ("SLOOP_HOOK_TOPIC_ARNS", "events"),
        ("SLOOP_HOOK_TOPIC_ARNS", "arn:aws:sns:us-east-1:111122223333:a,arn:aws:sqs:us-east-1:111122223333:b"),
        ("SLOOP_HOOK_CERT_HOSTS", "sns.example.com:443"),
        ("SLOOP_HOOK_CERT_HOSTS", "127.0.0.1"),
        ("SLOOP_HOOK_CERT_HOSTS", "127.0.0.1:4566,10.0.0.1:4566"),
        ("SLOOP_HOOK_CERT_HOSTS", "127.0.0.1.example.com:80"),
        ("SLOOP_HOOK_CERT_HOSTS", "evil.example/@127.0.0.1:80"),
        ("SLOOP_QUIET_MINUTES", "0"),
        ("SLOOP_LOG_LEVEL", "verbose"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_the_variable(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        read_settings()

    assert str(caught.value).startswith(f"{name}: ")
    assert repr(value) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "sloop.example.com", "127.0.0.1.example.com", ""])
def test_only_loopback_is_listened_on_without_sign_in(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOOP_HOST", host)

    with pytest.raises(SettingsError, match="SLOOP_HOST="):
        read_settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_allowed(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOOP_HOST", host)

    assert read_settings().host == host


def test_the_defaults_listen_on_loopback_and_wait_until_cloudwatch_has_settled() -> None:
    settings = read_settings()

    assert (settings.host, settings.port, settings.settle_seconds, settings.poll_minutes) == ("127.0.0.1", 8000, 180, 5)
    assert settings.address == "http://127.0.0.1:8000"


def test_the_database_stands_in_the_data_folder_unless_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    assert read_settings().database == f"sqlite:///{tmp_path}/sloop/sloop.sqlite"
    assert (tmp_path / "sloop").is_dir()
    monkeypatch.setenv("SLOOP_DATABASE_URL", "postgresql:///sloop")
    assert read_settings().database == "postgresql:///sloop"


def test_links_lead_to_where_people_reach_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOOP_BASE_URL", "https://sloop.example.com/")

    assert read_settings().address == "https://sloop.example.com"


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    arns = [f"arn:aws:sns:us-east-1:111122223333:{name}" for name in ("a", "b")]
    monkeypatch.setenv("SLOOP_HOOK_TOPIC_ARNS", " , ".join(arns) + ",")
    monkeypatch.setenv("SLOOP_HOOK_CERT_HOSTS", "127.0.0.1:4566,[::1]:4567,localhost:1")

    assert listed(read_settings().hook_topic_arns) == arns
    assert listed(read_settings().hook_cert_hosts) == ["127.0.0.1:4566", "[::1]:4567", "localhost:1"]
