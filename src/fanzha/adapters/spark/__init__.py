"""Windows over history on a Spark cluster, by the kernel that counts live."""

from fanzha.adapters.spark.features import features
from fanzha.adapters.spark.local import local_spark

__all__ = ["features", "local_spark"]
