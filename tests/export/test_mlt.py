"""MLT's ground truth: which words count, and what they say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from export.data.mlt import read_mlt
from export.evaluation.sets import SetError

QUAD = "1,2,31,2,31,12,1,12"


def photo(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), np.zeros((40, 60, 3), np.uint8))


def labels(file: Path, *lines: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\r\n".join(lines), "utf-8-sig")


def test_words_keep_their_commas(tmp_path: Path) -> None:
    photo(tmp_path / "img_1.jpg")
    labels(tmp_path / "gt_img_1.txt", f"{QUAD},Latin,1,50 €", f'{QUAD},Latin,"Bar"', "")
    (first, second) = read_mlt(tmp_path).words["img_1.jpg"]
    assert (first.text, second.text) == ("1,50 €", '"Bar"')
    assert first.quad is not None
    assert first.quad.tolist() == [[1, 2], [31, 2], [31, 12], [1, 12]]


@pytest.mark.parametrize("end", ["Arabic,abc", "Latin,###", "Latin,", "None,###", "Latin,a ### b"])
def test_what_cannot_be_read_in_latin_letters_is_ignored(tmp_path: Path, end: str) -> None:
    photo(tmp_path / "img_1.jpg")
    labels(tmp_path / "gt_img_1.txt", f"{QUAD},{end}", f"{QUAD},Latin,exit")
    found = read_mlt(tmp_path)
    assert [word.text for word in found.words["img_1.jpg"]] == ["exit"]
    assert [quad.shape for quad in found.ignored["img_1.jpg"]] == [(4, 2)]


def test_photos_and_labels_may_lie_in_folders_of_their_own(tmp_path: Path) -> None:
    photo(tmp_path / "ImagesPart1" / "tr_img_1.jpg")
    photo(tmp_path / "ImagesPart2" / "tr_img_2.png")
    photo(tmp_path / "ImagesPart2" / "tr_img_3.png")
    labels(tmp_path / "gt" / "tr_img_1.txt", f"{QUAD},Latin,one")
    labels(tmp_path / "gt" / "tr_img_2.txt")
    labels(tmp_path / "gt" / "tr_img_4.txt", f"{QUAD},Latin,four")
    labels(tmp_path / "readme.txt", "a note")
    found = read_mlt(tmp_path)
    assert found.texts() == {"ImagesPart1/tr_img_1.jpg": ["one"], "ImagesPart2/tr_img_2.png": []}
    assert all((found.images / name).is_file() for name in found.photos)


def test_photos_of_one_name_are_refused(tmp_path: Path) -> None:
    photo(tmp_path / "a" / "img_1.jpg")
    photo(tmp_path / "b" / "img_1.jpg")
    with pytest.raises(SetError, match="one name"):
        read_mlt(tmp_path)


@pytest.mark.parametrize("line", ["1,2,3,4,Latin,exit", f"{QUAD},Latin", f"x{QUAD},Latin,exit"])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    photo(tmp_path / "img_1.jpg")
    labels(tmp_path / "gt_img_1.txt", f"{QUAD},Latin,exit", line)
    with pytest.raises(SetError, match=r"gt_img_1\.txt is damaged"):
        read_mlt(tmp_path)


def test_a_folder_without_labels_is_no_set(tmp_path: Path) -> None:
    photo(tmp_path / "img_1.jpg")
    with pytest.raises(SetError, match="no photos with labels"):
        read_mlt(tmp_path)
