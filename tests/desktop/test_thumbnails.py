"""Thumbnails while their photos are out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.thumbnails import Thumbnails
from engine.search import Hit
from tests.desktop.album import AlbumLibrary


class Drawer:
    """A library whose drive is away: it has the pictures that were made before."""

    def __init__(self, library: AlbumLibrary) -> None:
        self._library = library
        self.sides: list[int] = []  # of which pictures were made
        self.asked: list[int] = []

    def thumbnail(self, photo_id: int, side: int) -> Path | None:
        self.asked.append(side)
        return self._library.thumbnail(photo_id, side) if side in self.sides else None


@pytest.fixture
def drawer(library: AlbumLibrary) -> Drawer:
    return Drawer(library)


@pytest.fixture
def thumbnails(qtbot: QtBot, drawer: Drawer) -> Iterator[Thumbnails]:
    thumbnails = Thumbnails(drawer.thumbnail)
    yield thumbnails
    thumbnails.close()


@pytest.fixture
def hit(library: AlbumLibrary) -> Hit:
    return library.search("coffee").hits[0]


@pytest.mark.parametrize(("made", "wanted", "height"), [(256, 400, 256), (512, 200, 512)])
def test_the_size_that_there_is_is_given_for_one_that_cannot_be_made(
    qtbot: QtBot,
    thumbnails: Thumbnails,
    drawer: Drawer,
    hit: Hit,
    made: int,
    wanted: int,
    height: int,
) -> None:
    drawer.sides = [made]

    qtbot.waitUntil(lambda: thumbnails.get(hit, wanted) is not None)

    given = thumbnails.get(hit, wanted)
    assert given is not None
    assert given.height() == height
    assert not thumbnails.impossible(hit)


def test_a_larger_size_that_cannot_be_made_leaves_the_smaller_one(
    qtbot: QtBot, thumbnails: Thumbnails, drawer: Drawer, hit: Hit
) -> None:
    drawer.sides = [256]
    qtbot.waitUntil(lambda: thumbnails.get(hit, 200) is not None)

    with qtbot.waitSignal(thumbnails.ready):
        assert thumbnails.get(hit, 400) is not None

    assert thumbnails.get(hit, 400) is not None
    assert thumbnails.get(hit, 200) is not None
    assert thumbnails.idle, "it is not asked for again"


def test_only_a_photo_of_which_no_size_can_be_made_is_given_up(
    qtbot: QtBot, thumbnails: Thumbnails, drawer: Drawer, hit: Hit
) -> None:
    def given_up() -> bool:
        assert thumbnails.get(hit, 200) is None
        return thumbnails.impossible(hit)

    qtbot.waitUntil(given_up)
    assert drawer.asked == [256, 512], "each size is tried once"

    drawer.sides = [256]
    thumbnails.forget_impossible()
    qtbot.waitUntil(lambda: thumbnails.get(hit, 200) is not None)
