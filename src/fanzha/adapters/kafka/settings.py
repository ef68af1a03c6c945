"""Where the brokers of the event log are, how long to insist, and how its topics are made."""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from fanzha.errors import Misconfigured

__all__ = ["KafkaSettings", "made"]

_EXISTS = 36


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where the brokers are, and how long to insist."""

    servers: str
    """`host:port[,host:port…]`."""
    prefix: str = "fanzha.events"
    replicas: int = 1
    """Copies of each topic. Durable only where several brokers hold it and `min.insync.replicas`
    asks for them, or the broker flushes what it acknowledges."""
    max_payload: int = 900_000
    """Bytes of a record; below the brokers' `message.max.bytes`."""
    recognised_s: float = 600.0
    patience_s: float = 30.0
    try_s: float = 5.0
    absent_s: float = 3.0
    """How long a batch may be missing that its reference names, before it is nobody's."""


async def made(
    admin: AIOKafkaAdminClient, topic: str, replicas: int, configs: dict[str, str]
) -> None:
    """There is such a topic afterwards; one that is made here keeps what it holds for ever."""
    forever = {"retention.ms": "-1", "retention.bytes": "-1"}
    answer = await admin.create_topics(
        [NewTopic(topic, 1, replicas, topic_configs={**forever, **configs})]
    )
    for error in answer.topic_errors:
        if error[1] not in (0, _EXISTS):
            raise Misconfigured(
                "log_not_made",
                zh=f"无法建立事件日志：Kafka 错误 {error[1]}",
                en=f"the event log cannot be made: Kafka error {error[1]}",
            )
