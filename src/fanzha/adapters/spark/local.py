"""Spark on this machine alone: loopback only, no pages, no catalogue on disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

import fanzha

_LOOPBACK = "127.0.0.1"
_SETTINGS = {
    "spark.driver.host": _LOOPBACK,
    "spark.driver.bindAddress": _LOOPBACK,
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.catalogImplementation": "in-memory",
}


def local_spark(cores: int = 2) -> SparkSession:
    """Start one, or give the one that runs. Needs a Java (17 or newer) on the path or under
    `JAVA_HOME`. Workers run this interpreter and this
    copy of the package."""
    os.environ.setdefault("SPARK_LOCAL_IP", _LOOPBACK)  # read when the Java process starts
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(f"local[{cores}]").appName("fanzha")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    ours = str(Path(fanzha.__file__).parents[1])
    builder = builder.config("spark.executorEnv.PYTHONPATH", ours)
    return builder.config("spark.sql.shuffle.partitions", str(cores)).getOrCreate()
