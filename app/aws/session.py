"""boto3 clients per account and region: credentials, assumed roles, time-outs. Everything that AWS says comes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from slo.errors import AccessDenied, SourceError, Throttled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.spec import Account

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 4},
    user_agent_extra="sloop",
)
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
_TRANSIENT = {"InternalServiceError", "InternalFailure", "InternalError", "ServiceUnavailable", "500", "503"}


class AwsSession:
    """Clients are made once per (service, account, region) and reused: making one costs tens of milliseconds."""

    def __init__(self, accounts: Mapping[str, Account], *, default_region: str = "us-east-1") -> None:
        self._accounts = accounts
        self._default_region = default_region
        self._clients: dict[tuple[str, str | None, str], Any] = {}

    def client(self, service: str, account: str | None = None, region: str | None = None) -> Any:
        """`account` None means the credentials as they are found in the environment."""
        known = self._accounts.get(account) if account else None
        where = region or (known.region if known else self._default_region)
        key = (service, account, where)
        if key not in self._clients:
            self._clients[key] = self._session(known).client(service, region_name=where, config=_CONFIG)
        return self._clients[key]

    def _session(self, account: Account | None) -> boto3.Session:
        core = botocore.session.get_session()
        # botocore reads each of the thousands of timestamps of an answer with a general parser; the epoch is all we need.
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_as_sent)
        if account is not None and account.role_arn:
            core = _assume(core, account.role_arn)
        return boto3.Session(botocore_session=core)


def _as_sent(value: Any) -> Any:
    return value


def _assume(core: botocore.session.Session, role_arn: str) -> botocore.session.Session:
    """Credentials of the role, refreshed by botocore before they expire."""
    fetcher = AssumeRoleCredentialFetcher(
        core.create_client, core.get_credentials(), role_arn, extra_args={"RoleSessionName": "sloop"}
    )
    assumed = botocore.session.get_session()
    assumed.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_as_sent)
    assumed._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")  # noqa: SLF001  # the documented way to hand credentials over
    return assumed


def source_error(action: str, error: ClientError | BotoCoreError) -> SourceError:
    """An error of botocore as ours: denied, throttled, or failed; `action` is the IAM action of the call."""
    if not isinstance(error, ClientError):
        return SourceError(f"{action}: {error}", retryable=True)
    code = error.response.get("Error", {}).get("Code", "")
    message = f"{action}: {code}: {error.response.get('Error', {}).get('Message', '')}"
    if code in _DENIED:
        return AccessDenied(action, message)
    if code in _THROTTLED:
        return Throttled(message)
    return SourceError(message, retryable=code in _TRANSIENT)
