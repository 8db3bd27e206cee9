"""Which photos Focus is trained on, and what happens to those that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("torch")

from engine.errors import LibraryError
from export.training import focus
from export.training.focus import Patches, Source


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(focus, "SIDE", 128)


def test_photos_that_opencv_cannot_read_are_shown_too(tmp_path: Path) -> None:
    Image.new("RGB", (400, 300), (90, 160, 230)).save(tmp_path / "one.heic")
    photos, _ = next(iter(Patches([Source(tmp_path, None, 1.0, (150, 400))], 2)))
    assert (photos.float().mean((1, 2, 3)) > 20).all()


def test_sources_without_a_photo_that_can_be_read_are_refused(
    tmp_path: Path,
) -> None:
    (tmp_path / "none").mkdir()
    labels = tmp_path / "gt.json"
    labels.write_text(json.dumps({"a.png": [], "b.png": []}))
    for source in (
        Source(tmp_path / "none", None, 1.0, (150, 400)),
        Source(tmp_path / "none", labels, 1.0, (150, 400)),
    ):
        with pytest.raises(LibraryError, match=r"None of the photos to train on in .*none can"):
            Patches([source], 2)


def test_it_ends_when_no_photo_is_left_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (400, 300)).save(tmp_path / "one.png")
    patches = iter(Patches([Source(tmp_path, None, 1.0, (150, 400))], 2))
    (tmp_path / "one.png").unlink()
    with pytest.raises(LibraryError, match="not there any more"):
        next(patches)
    assert "one.png is left out" in capsys.readouterr().out


def test_photos_that_packs_are_tuned_on_are_left_out(tmp_path: Path) -> None:
    names = [f"{at:02}.png" for at in range(41)]
    file = tmp_path / "gt.json"
    file.write_text(json.dumps({name: [] for name in names}))
    shown = focus._labels(Source(tmp_path, file, 1.0, (150, 400)))
    assert set(names) - set(shown) == {"00.png", "20.png", "40.png"}
