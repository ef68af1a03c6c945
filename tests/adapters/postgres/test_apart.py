"""Databases that stand apart from their folder: known by it, and gone with it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from fanzha.adapters.postgres import service_user as apart


@pytest.fixture(autouse=True)
def system_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the system's."""
    home = tmp_path / "system"
    monkeypatch.setattr(apart, "SYSTEM_HOME", home)
    return home


def filled(folder: Path) -> Path:
    """The place of a folder's database, with something in it, and a folder for sockets."""
    folder.mkdir(parents=True, exist_ok=True)
    place = apart.begin(folder)
    (place / "base").mkdir(parents=True)
    place.with_name(f"{place.name}-socket").mkdir()
    return place


def test_a_place_says_whose_it_is(tmp_path: Path, system_home: Path) -> None:
    place = filled(tmp_path / "centre")
    assert (system_home / f"{place.name}-home").read_text() == f"{tmp_path / 'centre'}\n"
    assert (tmp_path / "centre" / apart.NOTE).read_text() == f"{place}\n"


def test_what_stands_apart_goes_with_its_tree_and_nothing_else(
    tmp_path: Path, system_home: Path
) -> None:
    filled(tmp_path / "tree" / "one")
    filled(tmp_path / "tree" / "deep" / "two")
    other = filled(tmp_path / "other")
    stranger = tmp_path / "tree" / "stranger"
    stranger.mkdir()
    (stranger / apart.NOTE).write_text(f"{tmp_path / 'other'}\n")
    apart.clear(tmp_path / "tree")
    assert sorted(p.name for p in system_home.iterdir()) == [
        other.name, f"{other.name}-home", f"{other.name}-socket",
    ]  # fmt: skip
    assert (tmp_path / "other" / apart.NOTE).exists()


def test_a_folder_made_again_begins_with_nothing(tmp_path: Path) -> None:
    """Its passwords went with the folder: the old database could not even be opened."""
    place = filled(tmp_path / "centre")
    shutil.rmtree(tmp_path / "centre")
    (tmp_path / "centre").mkdir()
    assert apart.begin(tmp_path / "centre") == place
    assert not place.exists()


def test_places_of_temporary_folders_that_are_gone_are_swept(
    tmp_path: Path, system_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    killed, lives, elsewhere = (
        filled(tmp_path / at) for at in ("temporary/killed", "temporary/lives", "disk/centre")
    )
    shutil.rmtree(tmp_path / "temporary" / "killed")
    shutil.rmtree(tmp_path / "disk")  # not mounted, for all we know
    filled(tmp_path / "new")
    assert not killed.exists()
    assert lives.exists()
    assert elsewhere.exists()


def test_a_temporary_folder_takes_its_database_with_it(
    tmp_path: Path, system_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with apart.temporary("run-") as folder:
        filled(folder / "postgres")
        assert list(system_home.iterdir())
    assert not folder.exists()
    assert not list(system_home.iterdir())
