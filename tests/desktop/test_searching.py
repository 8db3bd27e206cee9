"""A person types words and looks at what is found."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QPixmap
from pytestqt.qtbot import QtBot

from desktop.hits import Hits, Role
from desktop.program import Program
from desktop.results_bar import headline
from engine.events import PhotosChanged
from tests.desktop.album import AlbumLibrary, NotAnswered, draw_photo
from tests.desktop.conftest import Opener
from tests.desktop.person import names, type_and_wait


def test_typing_a_word_shows_the_photos_with_it_best_first(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)

    type_and_wait(qtbot, program, "coffee")

    assert names(program) == ["menu.jpg", "corner shop.jpg", "poster.jpg"]
    assert program.window.browse.grid.isVisible()
    bands = [program.parts.hits.index(row, 0).data(Role.HIT).band for row in range(3)]
    assert bands == ["contains", "contains", "probably"]


def test_results_come_without_pressing_enter_and_not_at_every_key(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)

    type_and_wait(qtbot, program, "coffee")

    assert library.asked[-1] == "coffee"
    assert len(library.asked) < len("coffee")


def test_enter_asks_at_once(qtbot: QtBot, open_window: Opener, library: AlbumLibrary) -> None:
    program = open_window(library)
    field = program.window.browse.search
    qtbot.keyClicks(field, "tea")

    with qtbot.waitSignal(program.parts.asker.answered):
        qtbot.keyClick(field, Qt.Key.Key_Return)

    assert library.asked == ["tea"]


def test_weaker_matches_stay_hidden_until_they_are_asked_for(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    button = program.window.browse.results.weak_button
    assert "book.jpg" not in names(program)
    assert button.text() == "Show 2 weaker matches"

    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    assert "book.jpg" in names(program)
    assert button.text() == "Hide 2 weaker matches"


def test_another_question_hides_weaker_matches_again(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    program.window.browse.results.weak_button.click()

    type_and_wait(qtbot, program, "toffee")

    assert "book.jpg" not in names(program)


def test_nothing_found_is_said_plainly_and_offers_weaker_matches(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    blank = program.window.browse.blank

    type_and_wait(qtbot, program, "xylophone")
    assert blank.isVisible()
    assert blank.accessibleName() == "Nothing found"
    assert "xylophone" in blank.accessibleDescription()

    type_and_wait(qtbot, program, "taxi")
    assert blank.button.text() == "Show 1 weaker match"
    qtbot.mouseClick(blank.button, Qt.MouseButton.LeftButton)
    assert names(program) == ["station.jpg"]


def test_photos_can_be_sorted_newest_first_and_the_choice_is_remembered(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    box = program.window.browse.results.order_box

    box.setCurrentIndex(1)
    box.activated.emit(1)

    assert names(program) == ["poster.jpg", "corner shop.jpg", "menu.jpg"]
    assert program.parts.settings.order == "date"


def test_the_newest_question_wins(qtbot: QtBot, open_window: Opener, library: AlbumLibrary) -> None:
    program = open_window(library)
    answered: list[str] = []
    program.parts.asker.answered.connect(lambda answer: answered.append(answer.query))
    library.answering.clear()
    for query in ("harbour", "station", "bread"):
        program.parts.asker.ask(query)
        qtbot.waitUntil(lambda: library.asked[:1] == ["harbour"])

    library.answering.set()
    qtbot.waitUntil(lambda: not program.parts.asker.busy)

    assert answered == ["bread"]
    assert library.asked == ["harbour", "bread"], "what was overtaken is never asked"


def test_the_window_stays_alive_while_an_answer_takes_long(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    library.answering.clear()
    program.window.ask("coffee")
    qtbot.waitUntil(lambda: library.asked == ["coffee"])

    qtbot.keyClicks(program.window.browse.search, " cake")
    assert program.window.browse.search.text() == "coffee cake"

    library.answering.set()
    qtbot.waitUntil(lambda: names(program) == ["menu.jpg"])


def test_clearing_the_question_clears_the_answer(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")

    qtbot.keyClick(program.window.browse.search, Qt.Key.Key_Escape)

    assert program.window.browse.search.text() == ""
    assert names(program) == []
    assert program.window.browse.blank.isVisible()


def test_a_question_that_the_library_refuses_is_explained(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    library.fault = NotAnswered("A search needs one word that must be there.")

    program.window.ask("-coffee")
    blank = program.window.browse.blank
    qtbot.waitUntil(lambda: blank.accessibleName() == "That cannot be answered")

    assert blank.accessibleDescription() == "A search needs one word that must be there."


def test_enter_asks_again_what_was_refused(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    library.fault = NotAnswered("The disk is slow; try again.")
    field, blank = program.window.browse.search, program.window.browse.blank
    qtbot.keyClicks(field, "coffee")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: blank.accessibleName() == "That cannot be answered")

    qtbot.keyClick(field, Qt.Key.Key_Return)

    qtbot.waitUntil(lambda: "menu.jpg" in names(program))


def test_the_same_photos_stay_selected_when_the_library_changes(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    grid = program.window.browse.grid
    grid.go_to(1)
    library.know(library.photos[0].path, (900, 600), [("COFFEE", library.photos[0].words[0][1])])
    asked = len(library.asked)

    library.announce_from_a_thread(PhotosChanged(1, 0))
    qtbot.waitUntil(lambda: len(names(program)) == 4, timeout=5000)

    assert [hit.path.rsplit("/", 1)[-1] for hit in grid.selected()] == ["corner shop.jpg"]
    assert len(library.asked) == asked + 1


def test_another_question_begins_at_the_top_with_nothing_selected(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "bread")
    program.window.browse.grid.go_to(1)

    type_and_wait(qtbot, program, "cake")

    assert program.window.browse.grid.selected() == []


def test_thumbnails_come_from_worker_threads_and_pixmaps_are_made_in_the_gui_thread(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    makers: set[int] = set()
    make = library.thumbnail

    def watched(photo_id: int, side: int = 256) -> object:
        makers.add(threading.get_ident())
        return make(photo_id, side)

    library.thumbnail = watched  # type: ignore[method-assign,assignment]
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    pixmap = thumbnail(qtbot, program)

    assert makers
    assert threading.get_ident() not in makers
    assert (pixmap.width(), pixmap.height()) == (171, 256)


def thumbnail(qtbot: QtBot, program: Program) -> QPixmap:
    """That of the first photo, as soon as it is there."""
    hit, thumbnails = program.parts.hits.hit(0), program.parts.thumbnails
    assert hit is not None
    qtbot.waitUntil(lambda: thumbnails.get(hit, 256) is not None)
    pixmap = thumbnails.get(hit, 256)
    assert pixmap is not None
    return pixmap


def test_an_edited_photo_gets_another_thumbnail(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    before = thumbnail(qtbot, program).toImage()
    photo = library.photos[1]

    draw_photo(photo.path, (photo.width, photo.height), ["COFFEE"], "#ff0000")
    photo.mtime_ns += 1
    program.parts.hits.show(library.search("coffee").hits)

    assert thumbnail(qtbot, program).toImage() != before


def test_the_matched_word_is_lit_on_its_thumbnail(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "bakery")
    grid = program.window.browse.grid
    assert names(program) == ["bakery.webp"]
    grid.viewport().grab()
    qtbot.waitUntil(lambda: program.parts.thumbnails.idle)

    picture = grid.viewport().grab().toImage()
    lit = program.parts.theme.colours.lit
    yellow = sum(
        picture.pixelColor(x, y).name() == lit
        for x in range(grid.gridSize().width())
        for y in range(grid.gridSize().height())
    )
    assert yellow > 50


def test_a_photo_without_a_thumbnail_still_has_its_place(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    library.photos[1].path.unlink()
    hit = library.search("coffee").hits[0]

    type_and_wait(qtbot, program, "coffee")
    program.window.browse.grid.viewport().grab()
    qtbot.waitUntil(lambda: program.parts.thumbnails.impossible(hit))

    assert "menu.jpg" in names(program)
    program.window.browse.grid.viewport().grab()


@pytest.mark.parametrize(
    ("sure", "weak", "words"),
    [
        (500, 0, "500 photos with “zebra”"),
        (500, 1, "500 photos with “zebra”"),
        (501, 0, "The best 500 photos with “zebra”"),
    ],
)
def test_the_best_of_more_are_not_taken_for_all(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary, sure: int, weak: int, words: str
) -> None:
    path, (_, place) = library.photos[0].path, library.photos[0].words[0]
    for sign in ["ZEBRA"] * sure + ["ZEBRAS"] * weak:
        library.know(path, (900, 600), [(sign, place)])
    program = open_window(library)

    type_and_wait(qtbot, program, "zebra")

    assert headline(program.parts.hits, "zebra", "words") == words
    assert len(names(program)) == 500


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        (["contains", "probably"], "The best 2 photos with “tea”, 1 of them probable"),
        (["probably", "probably"], "The best 2 probable photos with “tea”"),
    ],
)
def test_the_best_may_be_probable(library: AlbumLibrary, bands: list[str], words: str) -> None:
    hits = Hits()
    (hit,) = library.search("tea").hits

    hits.show([replace(hit, band=band) for band in bands], cut=True)

    assert headline(hits, "tea", "words") == words


def test_what_a_screen_reader_says_of_a_hit(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")

    spoken = program.parts.hits.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)

    assert spoken == "menu.jpg, Contains, reads coffee"


def test_a_hundred_thousand_hits_can_be_scrolled(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    hit = library.search("coffee").hits[0]
    program.parts.hits.show([replace(hit, photo_id=number) for number in range(100_000)])
    grid = program.window.browse.grid

    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_End)

    assert grid.currentIndex().row() == 99_999
    assert grid.visualRect(grid.currentIndex()).intersects(grid.viewport().rect())
    assert grid.indexAt(grid.viewport().rect().topLeft()) != QModelIndex()


def test_dragging_photos_out_hands_over_their_files(
    qtbot: QtBot, open_window: Opener, library: AlbumLibrary
) -> None:
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    hits = program.parts.hits

    data = hits.mimeData([hits.index(0, 0), hits.index(1, 0)])

    assert [url.toLocalFile() for url in data.urls()] == [
        str(library.photos[1].path),
        str(library.photos[2].path),
    ]
    assert hits.supportedDragActions() == Qt.DropAction.CopyAction
