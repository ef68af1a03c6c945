"""The configuration as Kamailio reads it: ours in each way, and ours within a carrier's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fanzha.testing.kamailio import DEPLOY

pytestmark = pytest.mark.peers
OWN = """#!KAMAILIO
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
include_file "{deploy}/fanzha.cfg"
request_route {{
    if (is_method("INVITE")) {{
        route(FANZHA);
    }}
    t_relay();
}}
"""


def _checked(config: Path, *defined: str) -> str:
    program = shutil.which("kamailio", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program
    hook = f'FANZHA_KEMI="{DEPLOY / "fanzha_kemi.py"}"'
    names = [word for name in (hook, *defined) for word in ("-A", name)]
    done = subprocess.run(
        [program, "-c", "-E", "-f", str(config), *names],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize("defined", [(), ("REDIRECT",), ("WITHOUT_FANZHA",)], ids=str)
def test_our_configuration_is_accepted(defined: tuple[str, ...]) -> None:
    said = _checked(DEPLOY / "kamailio.cfg", *defined)
    assert "ERROR" not in said
    assert "WARNING" not in said


def test_a_carrier_includes_ours_in_its_own(tmp_path: Path) -> None:
    config = tmp_path / "own.cfg"
    config.write_text(OWN.format(deploy=DEPLOY), encoding="utf-8")
    assert "ERROR" not in _checked(config)
