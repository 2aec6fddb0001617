"""Publishes messages on an SNS topic. An error says whether trying again can help, and what to mend if it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from slo.errors import DeliveryError

if TYPE_CHECKING:
    from alerts.message import Message

_FIXES = {
    "NotFound": "the topic does not exist; run `sloop apply` or correct the topic's ARN",
    "AuthorizationError": "allow the IAM action sns:Publish on the topic",
    "AccessDenied": "allow the IAM action sns:Publish on the topic",
    "InvalidParameter": "the topic refuses this message or its ARN is of another region; look at the reason",
    "ParameterValueInvalid": "the topic refuses a message attribute; look at the reason",
    "InvalidClientTokenId": "the credentials are unknown to AWS; correct AWS_PROFILE or the role",
    "SignatureDoesNotMatch": "the credentials are wrong; correct AWS_SECRET_ACCESS_KEY or the role",
    "KMSAccessDenied": "allow kms:GenerateDataKey* and kms:Decrypt on the topic's key",
    "KMSNotFound": "the topic's key does not exist; set another KmsMasterKeyId",
    "KMSDisabled": "enable the topic's key",
    "KMSInvalidState": "the topic's key is about to be deleted or not ready; enable it",
    "KMSOptInRequired": "the account may not use KMS; finish its sign-up",
    "EndpointDisabled": "enable the endpoint",
    "InvalidSecurity": "the topic's policy wants requests over https",
}
_RETRYABLE = {
    "Throttled",
    "Throttling",
    "ThrottlingException",
    "RequestLimitExceeded",
    "KMSThrottling",
    "InternalError",
    "InternalFailure",
    "ServiceUnavailable",
    "RequestTimeout",
    "ExpiredToken",  # botocore fetches new credentials before the next try
    "RequestExpired",
}
_PERMANENT = (NoCredentialsError, PartialCredentialsError, ParamValidationError)


class SnsPublisher:
    """Implements Publisher on a client that was handed in."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, message: Message) -> str:
        """The MessageId that SNS gave. DeliveryError otherwise."""
        try:
            answer = self._client.publish(
                TopicArn=self._topic_arn,
                Subject=message.subject,
                Message=message.body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()
                },
            )
        except ClientError as error:
            raise self._refused(error) from error
        except BotoCoreError as error:
            raise DeliveryError(f"{self._topic_arn}: {error}", retryable=not isinstance(error, _PERMANENT)) from error
        return str(answer["MessageId"])

    def _refused(self, error: ClientError) -> DeliveryError:
        detail = error.response.get("Error", {})
        code, reason = detail.get("Code", ""), detail.get("Message", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        retryable = code in _RETRYABLE or status >= 500 or status == 429
        fix = f"; {_FIXES[code]}" if code in _FIXES and not retryable else ""
        return DeliveryError(f"{self._topic_arn}: {code}: {reason}{fix}", retryable=retryable)
