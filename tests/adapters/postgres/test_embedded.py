"""The packaged server's folders: never one that a link of somebody else's leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from fanzha.adapters.postgres.embedded import EmbeddedPostgres
from fanzha.errors import Misconfigured


def test_a_link_is_no_folder_of_ours(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    link = tmp_path / "socket"
    link.symlink_to(elsewhere)
    with pytest.raises(Misconfigured) as refused:
        EmbeddedPostgres(tmp_path / "postgres")._make_folder(link)
    assert refused.value.code == "foreign_folder"
    assert elsewhere.stat().st_mode & 0o777 == 0o755
