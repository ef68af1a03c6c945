"""Whatever a policy file holds, reading it gives the policy or says that the file is wrong."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from fanzha.detection.taxonomy import load_taxonomy
from fanzha.entrypoints.edge.texts.policy import load_text_policy
from fanzha.errors import Misconfigured
from fanzha.lifecycles.warning.policy import load_clocks, load_grades
from fanzha.usecases.dissuasion.script import load as load_scripts
from fanzha.usecases.warning.tiers import load_units
from tests.fixtures import POLICIES

READERS = {
    "taxonomy.yaml": load_taxonomy,
    "warning/grading.yaml": load_grades,
    "warning/clocks.yaml": load_clocks,
    "units/qinglan.yaml": load_units,
    "scripts/dissuasion.yaml": load_scripts,
    "wires/texts.yaml": load_text_policy,
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("body", [b"", b"\xb1", b"[", b"{}", b"- 1", b"\0", b"a: b"])
def test_what_is_no_policy_is_said(name: str, body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(body)
    with pytest.raises(Misconfigured) as caught:
        READERS[name](path)  # type: ignore[operator]
    assert caught.value.zh
    assert caught.value.en


@pytest.mark.parametrize("name", READERS)
def test_a_policy_with_a_piece_missing_is_read_or_said(name: str, tmp_path: Path) -> None:
    whole, chance = (POLICIES / name).read_bytes(), Random(name)
    path = tmp_path / "policy.yaml"
    for _ in range(60):
        at = chance.randrange(len(whole))
        path.write_bytes(whole[:at] + whole[at + chance.randint(1, 40) :])
        try:
            READERS[name](path)  # type: ignore[operator]
        except Misconfigured as error:
            assert error.en  # noqa: PT017
