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
from botocore.parsers import ResponseParserError

from slo.errors import DeliveryError, MessageRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alerts.envelope import Message

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
_PERMANENT = (NoCredentialsError, PartialCredentialsError)
_FAILURES = (BotoCoreError, ClientError, ResponseParserError)
_OF_THE_MESSAGE = {"InvalidParameter", "ParameterValueInvalid"}
_MOST_BYTES = 200_000
"""SNS takes 256 KiB in one call, attributes and all."""


class SnsPublisher:
    """Implements Publisher on a client that was handed in."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, message: Message) -> str:
        """The MessageId that SNS gave. DeliveryError otherwise."""
        try:
            answer = self._client.publish(TopicArn=self._topic_arn, **_request(message))
        except _FAILURES as error:
            raise self._failed(error) from error
        return str(answer["MessageId"])

    def publish_all(self, messages: Sequence[Message]) -> list[str | DeliveryError]:
        """In one call where they are small enough together; one by one where SNS refuses the call for one of them."""
        if len(messages) == 1 or sum(len(m.body.encode()) for m in messages) > _MOST_BYTES:
            return [self._answer(message) for message in messages]
        entries = [{"Id": str(n), **_request(message)} for n, message in enumerate(messages)]
        try:
            answer = self._client.publish_batch(TopicArn=self._topic_arn, PublishBatchRequestEntries=entries)
        except _FAILURES as error:
            whole = self._failed(error)
            return [self._answer(m) for m in messages] if isinstance(whole, MessageRefused) else [whole] * len(messages)
        found: dict[str, str | DeliveryError] = {row["Id"]: str(row["MessageId"]) for row in answer.get("Successful", ())}
        found |= {row["Id"]: self._of_entry(row) for row in answer.get("Failed", ())}
        lost = DeliveryError(f"{self._topic_arn}: SNS did not answer for this message", retryable=True)
        return [found.get(str(n), lost) for n in range(len(messages))]

    def _answer(self, message: Message) -> str | DeliveryError:
        try:
            return self.publish(message)
        except DeliveryError as error:
            return error

    def _failed(self, error: BotoCoreError | ClientError | ResponseParserError) -> DeliveryError:
        if isinstance(error, ParamValidationError):
            return MessageRefused(f"{self._topic_arn}: {error}")
        if isinstance(error, ResponseParserError):
            return DeliveryError(f"{self._topic_arn}: the answer is none of SNS; trying again may help", retryable=True)
        if isinstance(error, BotoCoreError):
            return DeliveryError(f"{self._topic_arn}: {error}", retryable=not isinstance(error, _PERMANENT))
        detail = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return self._refusal(detail.get("Code", ""), detail.get("Message", ""), status)

    def _of_entry(self, row: Mapping[str, Any]) -> DeliveryError:
        """What is the sender's fault within a call that was taken is the fault of this message."""
        refusal = self._refusal(row["Code"], row.get("Message", ""), 0)
        return MessageRefused(str(refusal)) if row.get("SenderFault") and not refusal.retryable else refusal

    def _refusal(self, code: str, reason: str, status: int) -> DeliveryError:
        retryable = code in _RETRYABLE or status >= 500 or status == 429
        fix = f"; {_FIXES[code]}" if code in _FIXES and not retryable else ""
        text = f"{self._topic_arn}: {code}: {reason}{fix}"
        return MessageRefused(text) if code in _OF_THE_MESSAGE else DeliveryError(text, retryable=retryable)


def _request(message: Message) -> dict[str, Any]:
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in message.attributes.items()}
    return {"Subject": message.subject, "Message": message.body, "MessageAttributes": attributes}
