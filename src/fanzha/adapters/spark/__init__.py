"""Windows over history on a Spark cluster, by the kernel that counts live."""

from fanzha.adapters.spark.features import features
from fanzha.adapters.spark.session import local_session

__all__ = ["features", "local_session"]
