"""Databases, caches, queues, topics and search domains."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from slo.estate.found import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.aws.survey import Survey

_INSTANCES = "rds:DescribeDBInstances"
_CLUSTERS = "rds:DescribeDBClusters"
_GROUPS = "elasticache:DescribeReplicationGroups"
_QUEUES = "sqs:ListQueues"
_ATTRIBUTES = "sqs:GetQueueAttributes"
_TOPICS = "sns:ListTopics"
_DOMAINS = "es:ListDomainNames"
GIB = 2**30
GB = 10**9


def data(survey: Survey) -> Iterator[Found]:
    yield from _instances(survey)
    yield from _clusters(survey)
    yield from _caches(survey)
    yield from _queues(survey)
    yield from _domains(survey)
    yield from _topics(survey)


def _instances(survey: Survey) -> Iterator[Found]:
    """PostgreSQL; replicas are told by their primary. DocumentDB's and Neptune's instances are listed here too."""
    for instance in survey.rows(_INSTANCES, "rds", "DBInstances"):
        name, engine = instance["DBInstanceIdentifier"], instance.get("Engine", "")
        if engine != "postgres":
            if engine not in {"docdb", "neptune"}:
                survey.gaps.append(f"database {name} runs {engine}, for which the catalogue has no kind")
            continue
        if not instance.get("ReadReplicaSourceDBInstanceIdentifier"):
            yield _instance(survey, name, instance)


def _instance(survey: Survey, name: str, instance: Any) -> Found:
    copies = [c["DBInstanceAutomatedBackupsArn"] for c in instance.get("DBInstanceAutomatedBackupsReplications", ())]
    replicas = tuple(instance.get("ReadReplicaDBInstanceIdentifiers", ()))
    size, class_ = instance.get("AllocatedStorage"), instance.get("DBInstanceClass")
    resource: dict[str, str | tuple[str, ...]] = {
        "instance": name,
        **({"replicas": replicas} if replicas else {}),
        **({"backup_region": copies[0].split(":")[3]} if copies else {}),
        # CloudWatch counts bytes, RDS allocates GiB.
        **({"storage_gb": str(size * GIB // GB)} if size else {}),
    }
    note = f"It is a {class_}: set vcpus, memory_gib and max_connections for its alarms, or they are those of a db.r6g.4xlarge."
    hosts = tuple(filter(None, (instance.get("Endpoint", {}).get("Address"),)))
    notes = (note,) if class_ and class_ != "db.r6g.4xlarge" else ()
    return Found("rds", name, _INSTANCES, resource, survey.name("rds", f"db:{name}"), hosts, notes=notes)


def _clusters(survey: Survey) -> Iterator[Found]:
    wanted = [{"Name": "engine", "Values": ["docdb"]}]
    for cluster in survey.rows(_CLUSTERS, "docdb", "DBClusters", Filters=wanted):
        if cluster.get("Engine") != "docdb":
            continue
        name = cluster["DBClusterIdentifier"]
        members = tuple(sorted(m["DBInstanceIdentifier"] for m in cluster.get("DBClusterMembers", ())))
        resource = {"cluster": name, **({"instances": members} if members else {})}
        hosts = tuple(filter(None, (cluster.get("Endpoint"), cluster.get("ReaderEndpoint"))))
        yield Found("docdb", name, _CLUSTERS, resource, survey.name("rds", f"cluster:{name}"), hosts)


def _caches(survey: Survey) -> Iterator[Found]:
    for group in survey.rows(_GROUPS, "elasticache", "ReplicationGroups"):
        name, shards = group["ReplicationGroupId"], group.get("NodeGroups", ())
        members = [m for shard in shards for m in shard.get("NodeGroupMembers", ())]
        nodes = tuple(m["CacheClusterId"] for m in members)
        told = [m["CacheClusterId"] for m in members if m.get("CurrentRole") == "replica"]
        # In cluster mode the roles are not told; the first node of a shard begins as its primary.
        later = [m["CacheClusterId"] for shard in shards for m in shard.get("NodeGroupMembers", ())[1:]]
        replica = (told or later)[:1]
        endpoints = [
            group.get("ConfigurationEndpoint"),
            *(s.get(k) for s in shards for k in ("PrimaryEndpoint", "ReaderEndpoint")),
        ]
        note = (
            f"Which nodes are replicas is not told in cluster mode: {replica[0]} is the second of its shard."
            if not told and replica
            else ""
        )
        yield Found(
            "elasticache",
            name,
            _GROUPS,
            {
                "replication_group": name,
                **({"nodes": nodes} if nodes else {}),
                **({"replica_node": replica[0]} if replica else {}),
            },
            survey.name("elasticache", f"replicationgroup:{name}"),
            tuple(e["Address"] for e in endpoints if e and e.get("Address")),
            notes=(note,) if note else (),
        )


def _queues(survey: Survey) -> Iterator[Found]:
    """Dead-letter queues belong to the queues that they are for."""
    urls = survey.rows(_QUEUES, "sqs", "QueueUrls")
    wanted = ["QueueArn", "RedrivePolicy"]
    answers = {
        url: survey.call(_ATTRIBUTES, "sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=wanted) for url in urls
    }
    letters = {url: _dead_letters(answer) for url, answer in answers.items()}
    for url in urls:
        name = url.rpartition("/")[2]
        if name in letters.values():
            continue
        dead = letters[url]
        resource = {"queue": name, **({"dlq": dead} if dead else {})}
        yield Found("sqs", name, _QUEUES, resource, survey.name("sqs", name), (url, *_arn(answers[url])))


def _arn(answer: Any | None) -> tuple[str, ...]:
    arn = (answer or {}).get("Attributes", {}).get("QueueArn")
    return (arn,) if arn else ()


def _dead_letters(answer: Any | None) -> str | None:
    policy = (answer or {}).get("Attributes", {}).get("RedrivePolicy")
    arn = json.loads(policy).get("deadLetterTargetArn", "") if policy else ""
    return arn.rpartition(":")[2] or None


def _domains(survey: Survey) -> Iterator[Found]:
    answer = survey.call(_DOMAINS, "opensearch", "list_domain_names")
    for domain in answer["DomainNames"] if answer else ():
        name = domain["DomainName"]
        resource = {"domain": name, "client_id": survey.account_id}
        yield Found("opensearch", name, _DOMAINS, resource, survey.name("es", f"domain/{name}"))


def _topics(survey: Survey) -> Iterator[Found]:
    for topic in survey.rows(_TOPICS, "sns", "Topics"):
        name = topic["TopicArn"].rpartition(":")[2]
        yield Found("sns", name, _TOPICS, {"topic": name}, survey.name("sns", name), (topic["TopicArn"],))
