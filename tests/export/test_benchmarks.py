"""Public benchmarks: small files of the published formats are written and read back."""

import json
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from export.data.benchmarks import READERS, open_set
from export.evaluation.sets import LabelledSet, SetError


def photos(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (40, 20)).save(folder / name)
    return folder


def write(file: Path, text: str, encoding: str = "utf-8") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding)
    return file


def read(kind: str, folder: Path) -> LabelledSet:
    return open_set(f"{kind}:{folder}")


def asked(labelled: LabelledSet) -> dict[str, set[str]]:
    return {query: set(wanted) for query, wanted in labelled.queries().items()}


def corners(labelled: LabelledSet, photo: str, at: int = 0) -> list[list[float]]:
    quad = labelled.words[photo][at].quad
    assert quad is not None
    corners: list[list[float]] = quad.tolist()
    return corners


# Street View Text

SVT = """<?xml version="1.0" encoding="utf-8"?>
<tagset>
  <image>
    <imageName>img/14_03.jpg</imageName>
    <address>341 Southwest 10th Avenue Portland OR</address>
    <lex>LIVING,ROOM,THEATERS</lex>
    <Resolution x="1280" y="880"/>
    <taggedRectangles>
      <taggedRectangle height="75" width="236" x="375" y="253"><tag>LIVING</tag></taggedRectangle>
      <taggedRectangle height="76" width="175" x="639" y="272"><tag>AT</tag></taggedRectangle>
    </taggedRectangles>
  </image>
  <image>
    <imageName>img/00_01.jpg</imageName>
    <taggedRectangles>
      <taggedRectangle height="10" width="20" x="1" y="2"><tag>living</tag></taggedRectangle>
    </taggedRectangles>
  </image>
</tagset>
"""


def test_svt_asks_for_every_word_of_the_test_part_short_ones_too(tmp_path: Path) -> None:
    write(tmp_path / "test.xml", SVT)
    photos(tmp_path / "img", "14_03.jpg", "00_01.jpg", "of_the_training_part.jpg")
    labelled = read("svt", tmp_path)
    assert labelled.photos == ["00_01.jpg", "14_03.jpg"]
    assert asked(labelled) == {"living": {"00_01.jpg", "14_03.jpg"}, "at": {"14_03.jpg"}}
    assert corners(labelled, "00_01.jpg") == [[1, 2], [21, 2], [21, 12], [1, 12]]


def test_svt_without_its_labels_names_them(tmp_path: Path) -> None:
    with pytest.raises(SetError, match=r"has no test\.xml"):
        read("svt", tmp_path)


def test_svt_without_a_photo_names_it(tmp_path: Path) -> None:
    write(tmp_path / "test.xml", SVT)
    photos(tmp_path / "img", "14_03.jpg")
    with pytest.raises(SetError, match=r"lacks 00_01\.jpg"):
        read("svt", tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (SVT[:300], "not XML"),
        (SVT.replace('x="1"', ""), "it lacks 'x'"),
        ("<tagset/>", "names no image"),
    ],
)
def test_damaged_svt_labels_are_named(tmp_path: Path, text: str, complaint: str) -> None:
    write(tmp_path / "test.xml", text)
    with pytest.raises(SetError, match=rf"test\.xml is damaged.*{complaint}"):
        read("svt", tmp_path)


# ICDAR


def test_icdar_2015_leaves_out_what_cannot_be_read(tmp_path: Path) -> None:
    write(
        tmp_path / "Challenge4_Test_Task1_GT" / "gt_img_1.txt",
        "377,117,463,117,465,130,378,130,Genaxis Theatre\r\n"
        "493,115,519,115,519,131,493,131,[06]\r\n"
        "374,155,409,155,409,170,374,170,###\r\n10,10,20,10,20,15,10,15,Bags, belts\r\n",
        "utf-8-sig",
    )
    write(tmp_path / "Challenge4_Test_Task1_GT" / "gt_img_2.txt", "1,1,9,1,9,4,1,4,THEATRE\n\n")
    photos(tmp_path / "ch4_test_images", "img_1.jpg", "img_2.jpg")
    photos(tmp_path / "ch4_training_images", "img_1.jpg", "img_2.jpg")
    labelled = read("icdar15", tmp_path)
    assert labelled.images.name == "ch4_test_images"
    assert labelled.texts()["img_1.jpg"] == ["Genaxis Theatre", "[06]", "Bags, belts"]
    assert corners(labelled, "img_1.jpg") == [[377, 117], [463, 117], [465, 130], [378, 130]]
    assert [quad.tolist() for quad in labelled.ignored["img_1.jpg"]] == [
        [[374, 155], [409, 155], [409, 170], [374, 170]]
    ]
    assert asked(labelled) == {
        "bags": {"img_1.jpg"},
        "belts": {"img_1.jpg"},
        "genaxis": {"img_1.jpg"},
        "theatre": {"img_1.jpg", "img_2.jpg"},
    }


def test_icdar_2015_asks_for_the_hundred_words_that_most_photos_show(tmp_path: Path) -> None:
    lines = [f"1,1,9,1,9,4,1,4,word{number:03}\n" for number in range(120)]
    write(tmp_path / "gt_img_1.txt", "".join(lines))
    write(tmp_path / "gt_img_2.txt", "".join(lines[90:]))
    photos(tmp_path, "img_1.png", "img_2.png")
    queries = asked(read("icdar15", tmp_path))
    assert len(queries) == 100
    assert all(f"word{number:03}" in queries for number in [*range(70), *range(90, 120)])


@pytest.mark.parametrize(
    ("label", "photo", "lines"),
    [
        (
            "gt_img_1.txt",
            "img_1.jpg",
            '38, 43, 920, 215, "Tiredness"\n0, 699, 77, 830, "A \\"B\\""\n',
        ),
        ("gt_100.txt", "100.jpg", '38 43 920 215 "Tiredness"\n0 699 77 830 "A \\"B\\""\n'),
    ],
)
def test_icdar_2013_is_read_in_both_notations(
    tmp_path: Path, label: str, photo: str, lines: str
) -> None:
    write(tmp_path / "labels" / label, lines)
    photos(tmp_path / "images", photo)
    labelled = read("icdar13", tmp_path)
    assert labelled.texts() == {photo: ["Tiredness", 'A "B"']}
    assert corners(labelled, photo) == [[38, 43], [920, 43], [920, 215], [38, 215]]
    assert asked(labelled) == {"tiredness": {photo}}


def test_a_line_that_is_no_label_is_quoted(tmp_path: Path) -> None:
    write(tmp_path / "gt_img_1.txt", "377,117,Genaxis Theatre\n")
    photos(tmp_path, "img_1.jpg")
    with pytest.raises(SetError, match=r"gt_img_1\.txt is damaged: “377,117,Genaxis Theatre”"):
        read("icdar15", tmp_path)


def test_labels_without_their_photo_are_named(tmp_path: Path) -> None:
    write(tmp_path / "gt_img_1.txt", "")
    photos(tmp_path, "img_2.jpg")
    with pytest.raises(SetError, match="lacks a photo named img_1"):
        read("icdar15", tmp_path)


# Total-Text

TOTAL_TEXT = """x: [[254 307 354 365 315
  274]], y: [[160 134 126 154 166 186]], ornt: [u'c'], transcriptions: [u'THE']
x: [[376 450 446 381]], y: [[115 102 130 144]], ornt: [u'c'], transcriptions: [u"PEAK'S"]
x: [[289 449 450 286]], y: [[ 47  47 101 103]], ornt: [u'#'], transcriptions: [u'#']
x: [[10 20 20 10]], y: [[1 1 5 5]], ornt: [u'm'], transcriptions: [u'the']
"""


def test_total_text_is_read_from_text_files(tmp_path: Path) -> None:
    write(tmp_path / "txt_format" / "Test" / "poly_gt_img10.txt", TOTAL_TEXT)
    write(tmp_path / "txt_format" / "Train" / "poly_gt_img11.txt", TOTAL_TEXT)
    photos(tmp_path / "Images" / "Test", "img10.jpg")
    photos(tmp_path / "Images" / "Train", "img11.jpg")
    photos(tmp_path / "Groundtruth" / "Pixel" / "Test", "img10.jpg")
    labelled = read("total-text", tmp_path)
    assert labelled.images == tmp_path / "Images" / "Test"
    assert labelled.texts() == {"img10.jpg": ["THE", "PEAK'S", "the"]}
    assert len(labelled.ignored["img10.jpg"]) == 1
    assert asked(labelled) == {"the": {"img10.jpg"}, "peaks": {"img10.jpg"}}
    assert corners(labelled, "img10.jpg", 1) == [[376, 115], [450, 102], [446, 130], [381, 144]]


def test_a_curved_word_stands_in_the_least_rectangle_around_it(tmp_path: Path) -> None:
    write(tmp_path / "poly_gt_img1.txt", TOTAL_TEXT)
    photos(tmp_path, "img1.JPG")
    around = np.array(corners(read("total-text", tmp_path), "img1.JPG"))
    assert around.shape == (4, 2)
    assert around[:, 0].min() < 256
    assert around[:, 0].max() > 360


def test_total_text_is_read_from_matlab_files(tmp_path: Path) -> None:
    rows = np.empty((2, 6), object)
    rows[0] = ["x:", np.array([[10, 60, 60, 10]]), "y:", np.array([[5, 5, 25, 25]]), "EXIT", "h"]
    rows[1] = ["x:", np.array([[1, 9, 9, 1]]), "y:", np.array([[1, 1, 4, 4]]), "#", "#"]
    (tmp_path / "Polygon").mkdir()
    savemat(tmp_path / "Polygon" / "poly_gt_img3.mat", {"polygt": rows})
    photos(tmp_path / "Test", "img3.jpg")
    labelled = read("total-text", tmp_path)
    assert labelled.texts() == {"img3.jpg": ["EXIT"]}
    assert corners(labelled, "img3.jpg") == [[10, 5], [60, 5], [60, 25], [10, 25]]
    assert len(labelled.ignored["img3.jpg"]) == 1


def test_total_text_asks_for_the_sixty_words_that_stand_there_most_often(tmp_path: Path) -> None:
    line = "x: [[1 9 9 1]], y: [[1 1 4 4]], ornt: [u'h'], transcriptions: [u'{}']\n"
    often = [line.format(f"often{number}") for number in range(55)] * 2
    once = [line.format(f"once{number:02}") for number in range(30)]
    write(tmp_path / "poly_gt_img1.txt", "".join([*often, *once]))
    photos(tmp_path, "img1.jpg")
    queries = asked(read("total-text", tmp_path))
    assert len(queries) == 60
    assert {query for query in queries if query.startswith("once")} == {
        f"once{number:02}" for number in range(5)
    }


@pytest.mark.parametrize(
    "text",
    ["no labels at all", TOTAL_TEXT + "x: [[1 2", TOTAL_TEXT.replace("u'THE'", "u'THE")],
)
def test_damaged_total_text_labels_are_named(tmp_path: Path, text: str) -> None:
    write(tmp_path / "poly_gt_img1.txt", text)
    photos(tmp_path, "img1.jpg")
    with pytest.raises(SetError, match=r"poly_gt_img1\.txt is damaged"):
        read("total-text", tmp_path)


# SCUT-CTW1500

ARC = [131, 58, 208, 49, 279, 56, 346, 76, 412, 101, 473, 141, 530, 192]
ARC += [510, 246, 458, 210, 405, 175, 350, 151, 291, 137, 228, 133, 165, 134]


def test_ctw1500_lines_are_asked_for_word_by_word(tmp_path: Path) -> None:
    numbers = ",".join(map(str, ARC))
    text = f"{numbers},####Latin, 9 and more\n{numbers},#######\n{numbers},####OLATHE\n"
    write(tmp_path / "gt_ctw1500" / "0001001.txt", text)
    photos(tmp_path / "test_images", "1001.jpg")
    labelled = read("ctw1500", tmp_path)
    assert labelled.texts() == {"1001.jpg": ["Latin, 9 and more", "OLATHE"]}
    assert set(asked(labelled)) == {"and", "latin", "more", "olathe"}
    assert len(labelled.ignored["1001.jpg"]) == 1
    line, word = labelled.words["1001.jpg"]
    assert line.quad is None
    assert word.quad is not None


def test_ctw1500_is_read_from_xml(tmp_path: Path) -> None:
    segments = ",".join(map(str, ARC))
    write(
        tmp_path / "labels" / "0200.xml",
        f'<Annotations><image file="0200.jpg"><box height="197" left="131" top="49" width="399">'
        f"<label>OLATHE</label><segs>{segments}</segs><pts x='183' y='95'/></box>"
        "</image></Annotations>",
    )
    photos(tmp_path / "images", "0200.jpg")
    labelled = read("ctw1500", tmp_path)
    assert labelled.texts() == {"0200.jpg": ["OLATHE"]}
    assert asked(labelled) == {"olathe": {"0200.jpg"}}


def test_ctw1500_labels_without_text_are_damaged(tmp_path: Path) -> None:
    write(tmp_path / "0001001.txt", ",".join(map(str, ARC)))
    photos(tmp_path, "1001.jpg")
    with pytest.raises(SetError, match="has no #### before its text"):
        read("ctw1500", tmp_path)


# COCO-Text


def label(photo: int, text: str, **changed: object) -> dict[str, object]:
    return {
        "mask": [468.9, 286.7, 468.9, 295.2, 493.0, 295.8, 493.0, 287.2],
        "class": "machine printed",
        "bbox": [468.9, 286.7, 24.1, 9.1],
        "image_id": photo,
        "language": "english",
        "utf8_string": text,
        "legibility": "legible",
        **changed,
    }


def coco_text(folder: Path, labels: Sequence[dict[str, object]]) -> Path:
    parts = {1: "train", 2: "val", 3: "test"}
    images = {
        str(number): {"id": number, "set": part, "file_name": f"COCO_train2014_{number:012}.jpg"}
        for number, part in parts.items()
    }
    content = {"imgs": images, "anns": {str(at): one for at, one in enumerate(labels)}}
    write(folder / "cocotext.v2.json", json.dumps(content))
    photos(folder / "train2014", *(str(image["file_name"]) for image in images.values()))
    return folder


def test_coco_text_asks_for_legible_english_words(tmp_path: Path) -> None:
    labels = [
        label(1, "Stop!"),
        label(1, "ON"),
        label(1, "arrêt", language="not english"),
        label(1, "", legibility="illegible"),
        label(2, "of"),
        label(3, "hidden"),
    ]
    labelled = read("coco-text", coco_text(tmp_path, labels))
    first = "COCO_train2014_000000000001.jpg"
    assert asked(labelled) == {"stop": {first}}
    assert labelled.texts() == {first: ["Stop!", "ON"]}
    assert len(labelled.ignored[first]) == 2


def test_coco_text_without_its_photos_says_so(tmp_path: Path) -> None:
    coco_text(tmp_path, [label(1, "stop")])
    (tmp_path / "train2014").rename(tmp_path / "elsewhere")
    with pytest.raises(SetError, match="no folder train2014"):
        read("coco-text", tmp_path)


def test_coco_text_labels_that_lack_a_key_are_named(tmp_path: Path) -> None:
    incomplete = label(1, "stop")
    del incomplete["legibility"]
    with pytest.raises(SetError, match=r"cocotext\.v2\.json is damaged: it lacks 'legibility'"):
        read("coco-text", coco_text(tmp_path, [incomplete]))


def test_coco_text_is_also_read_as_lists_of_words(tmp_path: Path) -> None:
    write(tmp_path / "queries.txt", "stop\nnever\n")
    write(tmp_path / "gts" / "a.txt", "STOP!\nahead\n")
    write(tmp_path / "gts" / "b.txt", "go\n")
    photos(tmp_path / "images", "a.jpg", "b.jpg")
    labelled = read("coco-text", tmp_path)
    assert labelled.photos == ["a.jpg", "b.jpg"]
    assert asked(labelled) == {"stop": {"a.jpg"}}


# IIIT-STR


def iiit_str(folder: Path, listed: dict[str, list[str]]) -> Path:
    """``data`` as MATLAB keeps it: a struct array of cells with texts."""
    data = np.empty((1, len(listed)), [("query", object), ("photos", object)])
    for at, (query, names) in enumerate(listed.items()):
        cell = np.empty((1, 1), object)
        cell[0, 0] = query
        column = np.empty((len(names), 1), object)
        column[:, 0] = names
        data[0, at] = (cell, column)
    folder.mkdir(exist_ok=True)
    savemat(folder / "data.mat", {"data": data})
    return folder


def test_iiit_str_asks_for_its_own_queries_only(tmp_path: Path) -> None:
    iiit_str(tmp_path, {"Coffee": ["img_1.jpg", "IMG_2.JPG"], "post office": ["img_2.jpg"]})
    photos(tmp_path / "imgDatabase", "img_1.jpg", "img_2.jpg", "img_3.jpg")
    labelled = read("iiit-str", tmp_path)
    assert labelled.photos == ["img_1.jpg", "img_2.jpg", "img_3.jpg"]
    assert asked(labelled) == {
        "coffee": {"img_1.jpg", "img_2.jpg"},
        "post office": {"img_2.jpg"},
    }


def test_iiit_str_that_lists_an_absent_photo_is_refused(tmp_path: Path) -> None:
    iiit_str(tmp_path, {"coffee": ["img_1.jpg", "img_9.jpg"]})
    photos(tmp_path / "imgDatabase", "img_1.jpg")
    with pytest.raises(SetError, match=r"lacks img_9\.jpg, which data\.mat lists for “coffee”"):
        read("iiit-str", tmp_path)


def test_iiit_str_without_its_photos_is_refused(tmp_path: Path) -> None:
    iiit_str(tmp_path, {"coffee": ["img_1.jpg"]})
    with pytest.raises(SetError, match="has no imgDatabase"):
        read("iiit-str", tmp_path)


def test_damaged_matlab_files_are_named(tmp_path: Path) -> None:
    write(tmp_path / "data.mat", "MATLAB 5.0 MAT-file, or so it says")
    photos(tmp_path / "imgDatabase", "img_1.jpg")
    with pytest.raises(SetError, match=r"data\.mat is damaged"):
        read("iiit-str", tmp_path)


def test_matlab_files_with_something_else_in_them_are_named(tmp_path: Path) -> None:
    savemat(tmp_path / "data.mat", {"data": np.zeros((2, 2))})
    photos(tmp_path / "imgDatabase", "img_1.jpg")
    with pytest.raises(SetError, match="no struct with queries"):
        read("iiit-str", tmp_path)


# PSTR


def test_pstr_asks_for_phrases(tmp_path: Path) -> None:
    content = {"Happy Birthday": ["a.jpg"], "Merry Christmas!": ["a.jpg", "b.jpg"]}
    np.save(tmp_path / "query_image_dict.npy", np.array(content, object), allow_pickle=True)
    photos(tmp_path / "images", "a.jpg", "b.jpg", "c.jpg")
    labelled = read("pstr", tmp_path)
    assert labelled.photos == ["a.jpg", "b.jpg", "c.jpg"]
    assert asked(labelled) == {
        "happy birthday": {"a.jpg"},
        "merry christmas": {"a.jpg", "b.jpg"},
    }


def test_pstr_is_also_read_from_json(tmp_path: Path) -> None:
    write(tmp_path / "text_queries.json", json.dumps({"no parking": ["a.jpg"]}))
    photos(tmp_path / "images", "a.jpg")
    assert asked(read("pstr", tmp_path)) == {"no parking": {"a.jpg"}}


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('ran')",)


def test_a_numpy_file_runs_no_code(tmp_path: Path) -> None:
    file = tmp_path / "query_image_dict.npy"
    np.save(file, np.array({}, object), allow_pickle=True)
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.index(b"\n") + 1] + pickle.dumps(Harmful()))
    photos(tmp_path / "images", "a.jpg")
    with pytest.raises(SetError, match="it would run builtins"):
        read("pstr", tmp_path)


@pytest.mark.parametrize("content", [b"", b"no NumPy file", None])
def test_damaged_numpy_files_are_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "query_image_dict.npy"
    np.save(file, np.zeros(3))
    if content is not None:
        file.write_bytes(content)
    photos(tmp_path / "images", "a.jpg")
    with pytest.raises(SetError, match=r"query_image_dict\.npy is damaged"):
        read("pstr", tmp_path)


# All of them


@pytest.mark.parametrize("kind", READERS)
def test_an_empty_folder_ends_in_one_sentence(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SetError, match=r"has no [^\n]*\.$"):
        read(kind, tmp_path)


@pytest.mark.parametrize("kind", READERS)
def test_a_folder_that_is_not_there_ends_in_one_sentence(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SetError, match="is not a folder"):
        read(kind, tmp_path / "missing")


def test_kinds_that_do_not_exist_are_refused_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(SetError, match=r"“icdar”.*icdar15"):
        open_set(f"icdar:{tmp_path}")


def test_a_folder_without_a_kind_is_one_of_ours(tmp_path: Path) -> None:
    photos(tmp_path / "images", "a.jpg")
    write(tmp_path / "gt.json", json.dumps({"a.jpg": [{"text": "Exit"}]}))
    assert asked(open_set(str(tmp_path))) == {"exit": {"a.jpg"}}


def test_labels_that_give_nothing_to_ask_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "gt_img_1.txt", "1,1,9,1,9,4,1,4,###\n")
    photos(tmp_path, "img_1.jpg")
    with pytest.raises(SetError, match="nothing to ask"):
        read("icdar15", tmp_path)
