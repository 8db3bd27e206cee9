"""A person looks at one photo."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QDateTime, QLocale, QPointF, QRectF, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop.full_photos import read_photo
from desktop.lit import outlines
from desktop.preview import facts, written
from desktop.program import Program
from engine.regions import ScoreMap
from engine.search import Hit, MatchedRegion
from tests.desktop.album import AlbumLibrary, draw_photo
from tests.desktop.conftest import Opener
from tests.desktop.person import type_and_wait


@pytest.fixture
def program(qtbot: QtBot, open_window: Opener, library: AlbumLibrary) -> Program:
    """A window in which coffee has been found."""
    program = open_window(library)
    type_and_wait(qtbot, program, "coffee")
    program.window.browse.grid.setFocus(Qt.FocusReason.TabFocusReason)
    return program


def shown(program: Program) -> str:
    hit = program.window.viewer.hit
    assert hit is not None
    return Path(hit.path).name


def test_enter_opens_the_photo_and_escape_comes_back_to_it(qtbot: QtBot, program: Program) -> None:
    window = program.window
    qtbot.keyClick(window.browse.grid, Qt.Key.Key_Right)
    qtbot.keyClick(window.browse.grid, Qt.Key.Key_Return)
    assert window.is_viewing()
    assert shown(program) == "corner shop.jpg"

    qtbot.keyClick(window.viewer, Qt.Key.Key_Escape)

    assert not window.is_viewing()
    current = window.browse.grid.current()
    assert current is not None
    assert Path(current.path).name == "corner shop.jpg"
    assert window.browse.grid.hasFocus()


def test_a_double_click_opens_the_photo(qtbot: QtBot, program: Program) -> None:
    grid = program.window.browse.grid
    place = grid.visualRect(program.parts.hits.index(1, 0)).center()

    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place)

    assert program.window.is_viewing()
    assert shown(program) == "corner shop.jpg"


def test_the_arrows_walk_through_the_photos_and_stop_at_the_ends(
    qtbot: QtBot, program: Program
) -> None:
    program.window.view(0)
    viewer = program.window.viewer

    qtbot.keyClick(viewer, Qt.Key.Key_Left)
    assert shown(program) == "menu.jpg"
    qtbot.keyClick(viewer, Qt.Key.Key_Right)
    assert shown(program) == "corner shop.jpg"
    qtbot.keyClick(viewer, Qt.Key.Key_End)
    assert shown(program) == "poster.jpg"
    qtbot.keyClick(viewer, Qt.Key.Key_Right)
    assert shown(program) == "poster.jpg"
    qtbot.keyClick(viewer, Qt.Key.Key_Home)
    assert shown(program) == "menu.jpg"

    qtbot.keyClick(viewer, Qt.Key.Key_Space)
    qtbot.keyClick(viewer, Qt.Key.Key_Return)
    current = program.window.browse.grid.current()
    assert current is not None
    assert Path(current.path).name == "corner shop.jpg", "the grid is where the viewer was"


def test_everything_but_the_words_is_dimmed_until_the_light_is_put_out(
    qtbot: QtBot, program: Program
) -> None:
    program.window.view(0)
    viewer = program.window.viewer
    hit = viewer.hit
    assert hit is not None
    qtbot.waitUntil(lambda: program.parts.full_photos.get(hit) is not None)
    target = viewer.view.target()
    word = outlines(hit, target, margin=0, least=0)[0].polygon.boundingRect()
    ground = target.topLeft() + QPointF(target.width() * 0.9, 5)

    lit = viewer.view.grab().toImage()
    qtbot.keyClick(viewer, Qt.Key.Key_L)
    bare = viewer.view.grab().toImage()

    def lightness(picture: QImage, at: QPointF) -> int:
        return picture.pixelColor(at.toPoint()).lightness()

    inside = word.topLeft() + QPointF(2, 2)
    assert lightness(lit, ground) < lightness(bare, ground)
    assert abs(lightness(lit, inside) - lightness(bare, inside)) < 12


def lit_and_bare(program: Program) -> tuple[QImage, QImage]:
    """What the viewer shows of its photo with the light on and out."""
    viewer = program.window.viewer
    viewer.lit_button.setChecked(True)
    lit = viewer.view.grab().toImage()
    viewer.lit_button.setChecked(False)
    return lit, viewer.view.grab().toImage()


def view_with(
    qtbot: QtBot, program: Program, library: AlbumLibrary, score_map: ScoreMap, *, whole: bool
) -> Hit:
    """View the menu as a pack with this map shows it; ``whole``: it knows no places."""
    hit = program.parts.hits.hit(0)
    assert hit is not None
    regions = library.search("coffee").hits[0].regions
    if whole:
        corners: list[tuple[float, float]] = [(0, 0), (600, 0), (600, 900), (0, 900)]
        regions = [replace(region, quad=corners) for region in regions]
    hit = replace(hit, regions=regions, score_map=score_map)
    program.parts.hits.show([hit])
    program.window.view(0)
    qtbot.waitUntil(lambda: program.parts.full_photos.get(hit) is not None)
    return hit


# Text in the middle third of the photo, from left to right.
ACROSS_THE_MIDDLE = ScoreMap(6, 4, bytes([0] * 8 + [255] * 8 + [0] * 8))


def dimming(program: Program) -> list[float]:
    """How much of the photo's light is left, at some places from top to bottom."""
    lit, bare = lit_and_bare(program)
    target = program.window.viewer.view.target()
    left = []
    for part in range(1, 40):
        at = (
            target.topLeft() + QPointF(target.width() * 0.03, target.height() * part / 40)
        ).toPoint()
        left.append(lit.pixelColor(at).lightness() / max(bare.pixelColor(at).lightness(), 1))
    return left


def test_where_a_pack_sees_text_the_photo_is_softly_lit(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    view_with(qtbot, program, library, ACROSS_THE_MIDDLE, whole=True)

    left = dimming(program)

    assert left[19] == pytest.approx(1, abs=0.02), "the text keeps its light"
    assert max(left[0], left[-1]) < 0.7, "the rest is dimmed"
    steps = [abs(after - before) for before, after in pairwise(left)]
    assert max(steps) < 0.2, "the light fades without an edge"


def test_a_pack_that_sees_no_text_leaves_the_photo_bare(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    view_with(qtbot, program, library, ScoreMap(2, 2, bytes([12, 30, 8, 3])), whole=True)

    lit, bare = lit_and_bare(program)

    assert lit == bare


def test_places_are_lit_as_before_where_a_pack_knows_them(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    hit = view_with(qtbot, program, library, ACROSS_THE_MIDDLE, whole=False)
    lit, _ = lit_and_bare(program)

    program.parts.hits.show([replace(hit, score_map=None)])
    program.window.view(0)

    assert lit_and_bare(program)[0] == lit


def test_hovering_a_word_tells_what_was_read(qtbot: QtBot, program: Program) -> None:
    program.window.view(2)
    view = program.window.viewer.view
    hit = program.window.viewer.hit
    assert hit is not None
    word = outlines(hit, view.target(), margin=0, least=0)[0].polygon.boundingRect().center()
    before = view.grab().toImage()

    qtbot.mouseMove(view, word.toPoint())
    qtbot.waitUntil(lambda: view.named is not None)

    assert view.named is not None
    assert view.named.reading == "toffee"
    assert view.grab().toImage() != before


def test_zooming_keeps_the_point_under_the_mouse(qtbot: QtBot, program: Program) -> None:
    program.window.view(1)
    view = program.window.viewer.view
    before = view.target()

    qtbot.keyClick(program.window.viewer, Qt.Key.Key_Plus)
    assert view.target().width() == pytest.approx(before.width() * 1.25)
    assert view.target().center().x() == pytest.approx(before.center().x(), abs=1)

    qtbot.keyClick(program.window.viewer, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert view.target().width() == pytest.approx(1000)

    qtbot.keyClick(program.window.viewer, Qt.Key.Key_0)
    assert view.target() == before


def test_w_goes_close_to_the_word_and_back_out(qtbot: QtBot, program: Program) -> None:
    program.window.view(1)
    viewer = program.window.viewer
    whole = viewer.view.target()

    qtbot.keyClick(viewer, Qt.Key.Key_W)
    assert viewer.hit is not None
    close = viewer.view.target()
    word = outlines(viewer.hit, close, margin=0, least=0)[0].polygon.boundingRect()
    assert close.width() > whole.width()
    assert viewer.view.rect().contains(word.center().toPoint())

    qtbot.keyClick(viewer, Qt.Key.Key_W)
    assert viewer.view.target() == whole


def test_space_opens_a_preview_that_follows_the_grid(qtbot: QtBot, program: Program) -> None:
    grid, preview = program.window.browse.grid, program.window.browse.preview
    qtbot.keyClick(grid, Qt.Key.Key_Space)
    assert preview.isVisible()

    qtbot.keyClick(grid, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: preview.hit is not None and "corner shop" in preview.hit.path)

    qtbot.keyClick(grid, Qt.Key.Key_Space)
    assert not preview.isVisible()


def test_the_preview_shows_the_best_photo_while_nothing_is_chosen(
    qtbot: QtBot, program: Program
) -> None:
    program.window.browse.preview_button.click()
    type_and_wait(qtbot, program, "station")

    preview = program.window.browse.preview
    qtbot.waitUntil(lambda: preview.hit is not None and "station" in preview.hit.path)
    assert [hit.path for hit in program.window.chosen()] == [preview.hit.path]  # type: ignore[union-attr]


def test_the_preview_tells_the_folder_as_people_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/somebody"))
    for folder, told in (
        ("/home/somebody/Pictures/2024", "~/Pictures/2024"),
        ("/home/somebody", "~"),
        ("/home/somebodyelse/Pictures", "/home/somebodyelse/Pictures"),
        ("/mnt/photos", "/mnt/photos"),
    ):
        assert written(Path(folder)) == told
    monkeypatch.setattr("sys.platform", "win32")
    assert written(Path("/home/somebody/Pictures")) == "/home/somebody/Pictures"


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        (QLocale("C"), "2024-05-31"),
        pytest.param(
            QLocale.system(),  # where no language is set it is the one above, but not equal to it
            "2024-05-31",
            marks=pytest.mark.skipif(
                QLocale.system().language() != QLocale.Language.C, reason="a language is set"
            ),
        ),
        (QLocale("de_DE"), "31.05.24"),
    ],
)
def test_the_preview_tells_the_date_as_people_write_it(
    library: AlbumLibrary, locale: QLocale, told: str
) -> None:
    (hit, *_) = library.search("coffee").hits
    noon = QDateTime.fromString("2024-05-31T12:00:00", Qt.DateFormat.ISODate)
    before = QLocale()
    QLocale.setDefault(locale)
    try:
        parts = facts(replace(hit, mtime_ns=noon.toMSecsSinceEpoch() * 1_000_000)).split(" · ")
    finally:
        QLocale.setDefault(before)
    assert told in parts


def test_the_viewer_stays_at_its_photo_while_photos_come_in(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    program.window.view(2)
    word = library.photos[0].words[0][1]
    library.know(library.photos[0].path, (900, 600), [("COFFEE", word)])

    program.parts.hits.show(library.search("coffee").hits)

    assert shown(program) == "poster.jpg"
    assert program.window.viewer.row == 3


def test_the_preview_is_sharp_though_its_photo_came_while_another_was_viewed(
    qtbot: QtBot, program: Program
) -> None:
    window, preview = program.window, program.window.browse.preview
    with qtbot.waitSignal(program.parts.full_photos.loaded):
        # Nothing is delivered between the two, so that the photo comes when the preview is hidden.
        window.browse.preview_button.click()
        window.view(0)
    qtbot.waitUntil(lambda: program.parts.full_photos.idle)
    window.back_to_grid()
    assert preview.hit is not None

    shown = preview.view.grab().toImage()
    preview.view.set_photo(program.parts.full_photos.get(preview.hit))

    assert preview.view.grab().toImage() == shown


def test_a_photo_that_is_gone_shows_a_sentence_instead_of_failing(
    qtbot: QtBot, program: Program, library: AlbumLibrary
) -> None:
    library.photos[1].path.unlink()
    with qtbot.waitSignal(program.parts.full_photos.failed):
        program.window.view(0)
    program.window.viewer.view.grab()


def make_hit(path: Path, width: int, height: int, regions: list[MatchedRegion]) -> Hit:
    return Hit(
        path=str(path),
        score=0.9,
        band="contains",
        regions=regions,
        photo_id=77,
        width=width,
        height=height,
        online=True,
        mtime_ns=1,
    )


def test_what_qt_cannot_decode_the_library_makes_a_picture_of(tmp_path: Path) -> None:
    strange, substitute = tmp_path / "strange.heic", tmp_path / "substitute.jpg"
    strange.write_bytes(b"nothing that Qt knows")
    draw_photo(substitute, (300, 200), ["WORD"], "#335577")

    shown = read_photo(make_hit(strange, 3000, 2000, []), lambda *_: substitute)

    assert shown is not None
    assert shown.width() == 300


def test_a_region_as_large_as_the_photo_lights_nothing() -> None:
    whole = MatchedRegion([(0, 0), (100, 0), (100, 50), (0, 50)], "word", "", 0.5, 0.5)
    part = MatchedRegion([(10, 10), (30, 10), (30, 20), (10, 20)], "word", "", 0.5, 0.9)
    hit = make_hit(Path("photo.jpg"), 100, 50, [whole, part])

    found = outlines(hit, QRectF(0, 0, 200, 100), margin=0, least=0)

    assert [outline.region for outline in found] == [part]
    assert found[0].polygon.boundingRect() == QRectF(20, 20, 40, 20)


def test_a_tiny_word_is_widened_so_that_it_can_be_seen() -> None:
    tiny = MatchedRegion([(50, 50), (52, 50), (52, 51), (50, 51)], "word", "word", 0.5, 0.9)
    hit = make_hit(Path("photo.jpg"), 1000, 1000, [tiny])

    (outline,) = outlines(hit, QRectF(0, 0, 1000, 1000), margin=1, least=10)

    bounds = outline.polygon.boundingRect()
    assert (bounds.width(), bounds.height()) == (10, 10)
    assert bounds.center() == QPointF(51, 50.5)
