"""AWS's signature on requests that boto3 does not send: Amazon Managed Prometheus speaks Prometheus' own HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from app.aws.session import source_error

if TYPE_CHECKING:
    from collections.abc import Generator

    from app.aws.session import AwsSession

_SIGNED = ("content-type", "host", "x-amz-content-sha256")
"""What a proxy does not change on the way."""


class SigV4(httpx.Auth):
    """Signs with the credentials as they are at each request: botocore refreshes them before they expire."""

    requires_request_body = True

    def __init__(self, session: AwsSession, region: str, *, service: str = "aps", action: str = "aps:QueryMetrics") -> None:
        self._session = session
        self._region = region
        self._service = service
        self._action = action

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """SourceError when there are no credentials, or they cannot be refreshed."""
        headers = {name: request.headers[name] for name in _SIGNED if name in request.headers}
        signed = AWSRequest(request.method, str(request.url), headers, request.content)
        try:
            credentials = self._session.credentials()
            if credentials is None:
                raise NoCredentialsError
            SigV4Auth(credentials.get_frozen_credentials(), self._service, self._region).add_auth(signed)
        except (BotoCoreError, ClientError) as error:
            raise source_error(self._action, error) from error
        request.headers.update(dict(signed.headers))
        yield request
