from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from alerts.envelope import Message
from app.aws.sns import SnsPublisher
from slo.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = "arn:aws:sns:us-east-1:111122223333:pages"
MESSAGE = Message("k", "k/1", "ALARM", "ALARM: k", "{}", {"severity": "page"})


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    made = boto3.client(
        "sns",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    yield made
    made.close()


class Failing:
    """A client whose publish raises what botocore raises before an answer."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def publish(self, **_: object) -> dict[str, str]:
        raise self._error


def failure(client: Any, code: str, status: int) -> DeliveryError:
    with Stubber(client) as stub:
        stub.add_client_error("publish", code, "the reason", status)
        with pytest.raises(DeliveryError) as error:
            SnsPublisher(client, TOPIC).publish(MESSAGE)
    return error.value


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Throttled", 429),
        ("Throttling", 400),
        ("KMSThrottling", 400),
        ("InternalError", 500),
        ("ServiceUnavailable", 503),
        ("Surprise", 502),
        ("ExpiredToken", 403),
    ],
)
def test_what_passes_by_itself_can_be_tried_again(client: Any, code: str, status: int) -> None:
    error = failure(client, code, status)
    assert error.retryable
    assert code in str(error)


@pytest.mark.parametrize(
    ("code", "status", "fix"),
    [
        ("NotFound", 404, "run `sloop apply`"),
        ("AuthorizationError", 403, "sns:Publish"),
        ("AccessDenied", 403, "sns:Publish"),
        ("KMSAccessDenied", 400, "kms:GenerateDataKey"),
        ("KMSDisabled", 400, "enable the topic's key"),
        ("InvalidParameter", 400, "refuses this message"),
        ("InvalidClientTokenId", 403, "AWS_PROFILE"),
    ],
)
def test_what_a_person_must_mend_is_permanent_and_names_the_fix(client: Any, code: str, status: int, fix: str) -> None:
    error = failure(client, code, status)
    assert not error.retryable
    assert str(error).startswith(f"{TOPIC}: {code}: the reason; ")
    assert fix in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), True),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), True),
        (ResponseParserError("invalid XML received:\n<html>Bad Gateway</html>"), True),
        (NoCredentialsError(), False),
    ],
)
def test_no_answer_can_be_tried_again_but_no_credentials_cannot(error: Exception, retryable: bool) -> None:
    with pytest.raises(DeliveryError) as raised:
        SnsPublisher(Failing(error), TOPIC).publish(MESSAGE)
    assert raised.value.retryable is retryable
    assert "\n" not in str(raised.value)


def test_subject_body_and_attributes_are_sent_as_they_are(client: Any) -> None:
    with Stubber(client) as stub:
        expected = {
            "TopicArn": TOPIC,
            "Subject": "ALARM: k",
            "Message": "{}",
            "MessageAttributes": {"severity": {"DataType": "String", "StringValue": "page"}},
        }
        stub.add_response("publish", {"MessageId": "m-1"}, expected)
        assert SnsPublisher(client, TOPIC).publish(MESSAGE) == "m-1"
