"""SNS as boto3 speaks it: form in, XML out. Delivers to HTTP endpoints with the handshake and a signature that verifies."""

from __future__ import annotations

import json
import threading
import uuid
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.simulator.courier import Courier
from app.simulator.sns_topics import RefusedError, Subscription, Topics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"
_ATTRIBUTE = "Attributes.entry"


class Sns:
    """`base_url` gives the simulator's own address, without a slash at its end; it is asked only when something is sent."""

    def __init__(
        self, base_url: Callable[[], str], *, region: str = "us-east-1", courier: Callable[[str], Courier] = Courier
    ) -> None:
        self.topics = Topics(base_url, region=region, courier=courier)
        self.undeliverable = 0
        self._lock = threading.Lock()
        self._actions: Mapping[str, Callable[[Mapping[str, str]], str]] = {
            "CreateTopic": self._create_topic,
            "DeleteTopic": self._delete_topic,
            "ListTopics": self._list_topics,
            "GetTopicAttributes": self._get_topic_attributes,
            "SetTopicAttributes": self._set_topic_attributes,
            "TagResource": self._tag,
            "ListTagsForResource": self._list_tags,
            "Subscribe": self._subscribe,
            "ConfirmSubscription": self._confirm,
            "Unsubscribe": self._unsubscribe,
            "ListSubscriptionsByTopic": self._list_subscriptions,
            "GetSubscriptionAttributes": self._get_subscription_attributes,
            "SetSubscriptionAttributes": self._set_subscription_attributes,
            "Publish": self._publish,
            "PublishBatch": self._publish_batch,
        }

    async def handle(self, form: Mapping[str, str]) -> Response:
        """One request of the query protocol."""
        return self.answer(form)

    def answer(self, form: Mapping[str, str]) -> Response:
        name = form.get("Action", "")
        action = self._actions.get(name)
        if action is None:
            known = ", ".join(self._actions)
            return _failure(RefusedError("InvalidAction", f"The simulator's SNS knows {known}, not {name!r}"))
        try:
            with self._lock:
                result = action(form)
        except RefusedError as error:
            return _failure(error)
        return _success(name, result)

    def publish(self, topic_arn: str, subject: str, message: str) -> str | None:
        """For the simulator's own alarms: like CloudWatch it notices nothing when the topic is gone, but counts it."""
        try:
            with self._lock:
                return self.topics.publish(topic_arn, subject, message, {})
        except RefusedError:
            self.undeliverable += 1
            return None

    def tagged(self, region: str) -> dict[str, dict[str, str]]:
        """ARN -> tags of the topics of a region."""
        return {t.arn: t.tags for t in self.topics.topics.values() if t.arn.split(":")[3] == region}

    def routes(self) -> list[Route]:
        """The certificate, and the links that an endpoint follows."""

        async def certificate(request: Request) -> Response:
            if request.path_params["fingerprint"] != self.topics.signer.fingerprint:
                return PlainTextResponse("no such certificate\n", status_code=404)
            return PlainTextResponse(self.topics.signer.certificate, media_type="application/x-pem-file")

        async def link(request: Request) -> Response:
            return self.answer(dict(request.query_params))

        return [
            Route("/SimpleNotificationService-{fingerprint}.pem", certificate),
            Route("/sns/confirm", link),
            Route("/sns/unsubscribe", link),
        ]

    def close(self) -> None:
        """Ends the delivery threads; what still waits is dropped."""
        self.topics.close()

    def _create_topic(self, form: Mapping[str, str]) -> str:
        region = form.get("@region") or None
        topic = self.topics.create(form.get("Name", ""), _entries(form, _ATTRIBUTE), _tags(form), region=region)
        return _element("TopicArn", topic.arn)

    def _delete_topic(self, form: Mapping[str, str]) -> str:
        self.topics.delete(form.get("TopicArn", ""))
        return ""

    def _list_topics(self, _form: Mapping[str, str]) -> str:
        members = "".join(f"<member>{_element('TopicArn', arn)}</member>" for arn in self.topics.topics)
        return f"<Topics>{members}</Topics>"

    def _get_topic_attributes(self, form: Mapping[str, str]) -> str:
        topic = self.topics.topic(form.get("TopicArn", ""))
        confirmed = len(topic.confirmed)
        attributes = {
            "TopicArn": topic.arn,
            "Owner": self.topics.account,
            "SubscriptionsConfirmed": str(confirmed),
            "SubscriptionsPending": str(len(topic.subscriptions) - confirmed),
            "SubscriptionsDeleted": str(topic.deleted),
            "DisplayName": "",
            "SignatureVersion": "2",
            "Policy": default_policy(topic.arn, self.topics.account),
            **topic.attributes,
        }
        return _attributes(attributes)

    def _set_topic_attributes(self, form: Mapping[str, str]) -> str:
        self.topics.set_attribute(form.get("TopicArn", ""), form.get("AttributeName", ""), form.get("AttributeValue", ""))
        return ""

    def _tag(self, form: Mapping[str, str]) -> str:
        self.topics.topic(form.get("ResourceArn", "")).tags.update(_tags(form))
        return ""

    def _list_tags(self, form: Mapping[str, str]) -> str:
        tags = self.topics.topic(form.get("ResourceArn", "")).tags
        members = "".join(f"<member>{_element('Key', k)}{_element('Value', v)}</member>" for k, v in tags.items())
        return f"<Tags>{members}</Tags>"

    def _subscribe(self, form: Mapping[str, str]) -> str:
        made = self.topics.subscribe(
            form.get("TopicArn", ""), form.get("Protocol", ""), form.get("Endpoint", ""), _entries(form, _ATTRIBUTE)
        )
        shown = made.confirmed or form.get("ReturnSubscriptionArn") == "true"
        return _element("SubscriptionArn", made.arn if shown else "pending confirmation")

    def _confirm(self, form: Mapping[str, str]) -> str:
        return _element("SubscriptionArn", self.topics.confirm(form.get("TopicArn", ""), form.get("Token", "")).arn)

    def _unsubscribe(self, form: Mapping[str, str]) -> str:
        self.topics.unsubscribe(form.get("SubscriptionArn", ""))
        return ""

    def _list_subscriptions(self, form: Mapping[str, str]) -> str:
        topic = self.topics.topic(form.get("TopicArn", ""))
        members = "".join(f"<member>{self._member(s)}</member>" for s in topic.subscriptions.values())
        return f"<Subscriptions>{members}</Subscriptions>"

    def _get_subscription_attributes(self, form: Mapping[str, str]) -> str:
        found = self.topics.subscription(form.get("SubscriptionArn", ""))
        shown = {
            "SubscriptionArn": found.arn,
            "TopicArn": found.topic,
            "Owner": self.topics.account,
            "Protocol": found.protocol,
            "Endpoint": found.endpoint,
            "PendingConfirmation": str(not found.confirmed).lower(),
            "RawMessageDelivery": "false",
        }
        return _attributes({**shown, **found.attributes})

    def _set_subscription_attributes(self, form: Mapping[str, str]) -> str:
        name, value = form.get("AttributeName", ""), form.get("AttributeValue", "")
        self.topics.set_subscription_attribute(form.get("SubscriptionArn", ""), name, value)
        return ""

    def _member(self, subscription: Subscription) -> str:
        shown = {
            "SubscriptionArn": subscription.arn if subscription.confirmed else "PendingConfirmation",
            "Owner": self.topics.account,
            "Protocol": subscription.protocol,
            "Endpoint": subscription.endpoint,
            "TopicArn": subscription.topic,
        }
        return "".join(_element(name, value) for name, value in shown.items())

    def _publish(self, form: Mapping[str, str]) -> str:
        attributes = {
            form[f"{key}.Name"]: (form.get(f"{key}.Value.DataType", ""), form.get(f"{key}.Value.StringValue", ""))
            for key in _numbered(form, "MessageAttributes.entry", "Name")
        }
        arn = form.get("TopicArn") or form.get("TargetArn", "")
        return _element("MessageId", self.topics.publish(arn, form.get("Subject"), form.get("Message", ""), attributes))

    def _publish_batch(self, form: Mapping[str, str]) -> str:
        """Each entry as a Publish of its own; a topic that is gone refuses the whole call."""
        self.topics.topic(form.get("TopicArn", ""))
        successful, failed = "", ""
        for key in _numbered(form, "PublishBatchRequestEntries.member", "Id"):
            inner = {name.removeprefix(f"{key}."): value for name, value in form.items() if name.startswith(f"{key}.")}
            name = _element("Id", inner["Id"])
            try:
                successful += f"<member>{name}{self._publish({**inner, 'TopicArn': form['TopicArn']})}</member>"
            except RefusedError as error:
                detail = _element("Code", error.code) + _element("Message", error.message) + _element("SenderFault", "true")
                failed += f"<member>{name}{detail}</member>"
        return f"<Successful>{successful}</Successful><Failed>{failed}</Failed>"


def default_policy(arn: str, account: str) -> str:
    """What AWS gives a topic that was made without one: its account alone."""
    actions = ["SNS:GetTopicAttributes", "SNS:Publish", "SNS:SetTopicAttributes", "SNS:Subscribe"]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": actions,
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _attributes(attributes: Mapping[str, str]) -> str:
    entries = "".join(f"<entry>{_element('key', k)}{_element('value', v)}</entry>" for k, v in attributes.items())
    return f"<Attributes>{entries}</Attributes>"


def _numbered(form: Mapping[str, str], prefix: str, leaf: str) -> list[str]:
    """`prefix.1`, `prefix.2`, ... as far as they go."""
    found: list[str] = []
    while f"{prefix}.{len(found) + 1}.{leaf}" in form:
        found.append(f"{prefix}.{len(found) + 1}")
    return found


def _entries(form: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {form[f"{key}.key"]: form.get(f"{key}.value", "") for key in _numbered(form, prefix, "key")}


def _tags(form: Mapping[str, str]) -> dict[str, str]:
    return {form[f"{key}.Key"]: form.get(f"{key}.Value", "") for key in _numbered(form, "Tags.member", "Key")}


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _success(action: str, result: str) -> Response:
    metadata = f"<ResponseMetadata>{_element('RequestId', str(uuid.uuid4()))}</ResponseMetadata>"
    body = f"<{action}Result>{result}</{action}Result>{metadata}"
    return Response(f'<{action}Response xmlns="{NAMESPACE}">{body}</{action}Response>', media_type="text/xml")


def _failure(error: RefusedError) -> Response:
    kind = "Sender" if error.status < 500 else "Receiver"
    detail = _element("Type", kind) + _element("Code", error.code) + _element("Message", error.message)
    body = f"<Error>{detail}</Error>{_element('RequestId', str(uuid.uuid4()))}"
    return Response(f'<ErrorResponse xmlns="{NAMESPACE}">{body}</ErrorResponse>', error.status, media_type="text/xml")
