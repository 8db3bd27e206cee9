from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.catalogue import Catalogue
from engine.colours import Colours
from engine.errors import CatalogueError, RootError
from engine.packs import ModelPack
from engine.regions import Region, ScoreMap
from engine.rows import Counts, SkippedRow
from tests import fakes

PHOTOS = Path("/photos")


def region(reading: str = "coffee") -> Region:
    return Region(
        quad=np.arange(8, dtype=np.float32).reshape(4, 2),
        embedding=fakes.embedding_of(reading).astype(np.float16),
        lattice=b"lattice of " + reading.encode(),
        reading=reading,
        confidence=0.75,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "library" / "catalogue.sqlite"


@pytest.fixture
def catalogue(file: Path) -> Iterator[Catalogue]:
    with Catalogue.open(file, write=True) as catalogue:
        yield catalogue


@pytest.fixture
def pack_id(catalogue: Catalogue, pack: ModelPack) -> int:
    return catalogue.pack_id(pack)


def add_photo(catalogue: Catalogue, pack_id: int, path: Path, *words: str) -> tuple[int, int]:
    """A searchable photo, its content named after its words; ids of the photo and the content."""
    root = catalogue.add_root(path.parent)
    digest = "+".join(words).encode().ljust(16)[:16]
    content_id = catalogue.content(digest, 100, 640, 480)
    catalogue.store_regions(content_id, pack_id, [region(word) for word in words])
    photo_id = catalogue.record_photo(root.root_id, path, 100, 5)
    catalogue.settle_photo(photo_id, 100, 5, content_id)
    return photo_id, content_id


class TestOpening:
    def test_a_writer_makes_the_file_and_its_folder(self, file: Path) -> None:
        Catalogue.open(file, write=True).close()
        assert file.exists()

    def test_a_reader_needs_a_file(self, file: Path) -> None:
        with pytest.raises(CatalogueError, match="no catalogue"):
            Catalogue.open(file, write=False)
        assert not file.exists()

    def test_a_reader_reads_while_a_writer_writes(
        self, catalogue: Catalogue, file: Path, pack: ModelPack, pack_id: int
    ) -> None:
        with Catalogue.open(file, write=False) as reader:
            with catalogue.batch():
                add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
                assert reader.counts(pack_id).photos == 0
            assert reader.counts(pack_id).photos == 1
            assert reader.pack_id(pack) == pack_id

    def test_a_reader_cannot_write(self, catalogue: Catalogue, file: Path) -> None:
        with Catalogue.open(file, write=False) as reader:
            with pytest.raises(CatalogueError, match="may not be written"):
                reader.add_root(PHOTOS)
            assert reader.pack_id(fakes.fake_pack(PHOTOS, name="unheard of")) == 0

    def test_a_reader_opens_what_an_ended_writer_left(self, file: Path, pack: ModelPack) -> None:
        with Catalogue.open(file, write=True) as writer:
            add_photo(writer, writer.pack_id(pack), PHOTOS / "a.jpg", "coffee")
        with Catalogue.open(file, write=False) as reader:
            assert reader.counts(reader.pack_id(pack)).searchable == 1

    @pytest.mark.parametrize("write", [True, False])
    def test_a_damaged_file_is_refused_with_what_to_do(self, file: Path, write: bool) -> None:
        file.parent.mkdir()
        file.write_bytes(b"these are no tables" * 1000)
        with pytest.raises(CatalogueError, match=r"damaged.*move the file away"):
            Catalogue.open(file, write=write)

    def test_damage_inside_is_found_and_said(self, file: Path, pack: ModelPack) -> None:
        with Catalogue.open(file, write=True) as catalogue:
            pack_id = catalogue.pack_id(pack)
            with catalogue.batch():
                for number in range(300):
                    add_photo(catalogue, pack_id, PHOTOS / f"{number}.jpg", f"word{number}")
            assert catalogue.find_damage() is None
        content = bytearray(file.read_bytes())
        content[20_000:60_000] = b"\xff" * 40_000
        file.write_bytes(content)
        with Catalogue.open(file, write=False) as catalogue:
            assert catalogue.find_damage() is not None
            with pytest.raises(CatalogueError, match="damaged"):
                list(catalogue.regions(pack_id))

    @pytest.mark.parametrize("write", [True, False])
    def test_a_newer_file_is_refused(self, file: Path, write: bool) -> None:
        Catalogue.open(file, write=True).close()
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA user_version = 999")
        connection.close()
        with pytest.raises(CatalogueError, match="newer version"):
            Catalogue.open(file, write=write)

    def test_an_older_file_is_not_read_before_a_writer_has_seen_it(self, file: Path) -> None:
        Catalogue.open(file, write=True).close()
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA user_version = 0")
        connection.close()
        with pytest.raises(CatalogueError, match="older version"):
            Catalogue.open(file, write=False)

    def test_the_file_of_another_program_is_refused_and_stays_as_it_is(self, file: Path) -> None:
        file.parent.mkdir()
        connection = sqlite3.connect(file)
        connection.execute("CREATE TABLE recipes (x)")
        connection.close()
        before = file.read_bytes()
        with pytest.raises(CatalogueError, match="another program"):
            Catalogue.open(file, write=True)
        assert file.read_bytes() == before

    def test_a_folder_that_cannot_be_made_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "library").write_text("a file")
        with pytest.raises(CatalogueError, match="cannot be made"):
            Catalogue.open(tmp_path / "library" / "catalogue.sqlite", write=True)


class TestBatches:
    def test_a_batch_that_fails_leaves_nothing(self, catalogue: Catalogue) -> None:
        def fail() -> None:
            with catalogue.batch():
                catalogue.add_root(PHOTOS)
                raise RuntimeError("in the middle")

        with pytest.raises(RuntimeError, match="in the middle"):
            fail()
        assert catalogue.roots() == []

    def test_a_batch_in_a_batch_belongs_to_it(self, catalogue: Catalogue) -> None:
        def fail() -> None:
            with catalogue.batch():
                with catalogue.batch():
                    catalogue.add_root(PHOTOS)
                raise RuntimeError("after the inner one")

        with pytest.raises(RuntimeError, match="after the inner one"):
            fail()
        assert catalogue.roots() == []

    def test_other_threads_wait_for_the_end_of_a_batch(self, catalogue: Catalogue) -> None:
        seen: list[int] = []
        other = threading.Thread(target=lambda: seen.append(len(catalogue.roots())))
        with catalogue.batch():
            other.start()
            catalogue.add_root(Path("/a"))
            catalogue.add_root(Path("/b"))
        other.join()
        assert seen == [2]

    def test_our_own_mistakes_are_not_the_worlds(self, catalogue: Catalogue) -> None:
        with pytest.raises(sqlite3.IntegrityError):
            catalogue.record_photo(77, PHOTOS / "a.jpg", 1, 1)


class TestRoots:
    def test_a_root_is_added_once(self, catalogue: Catalogue) -> None:
        first = catalogue.add_root(PHOTOS)
        assert catalogue.add_root(PHOTOS) == first
        assert [root.path for root in catalogue.roots()] == [PHOTOS]
        assert first.online

    def test_a_folder_inside_a_root_is_refused(self, catalogue: Catalogue) -> None:
        catalogue.add_root(PHOTOS)
        with pytest.raises(RootError, match="already watched as a part of /photos"):
            catalogue.add_root(PHOTOS / "2020")

    def test_a_folder_around_roots_takes_their_photos_over(
        self, catalogue: Catalogue, pack_id: int
    ) -> None:
        photo_id, _ = add_photo(catalogue, pack_id, PHOTOS / "2020" / "a.jpg", "coffee")
        catalogue.add_root(Path("/photos-of-others"))
        outer = catalogue.add_root(PHOTOS)
        assert [root.path for root in catalogue.roots()] == [PHOTOS, Path("/photos-of-others")]
        assert outer.photos == 1
        assert catalogue.photo(photo_id) is not None

    def test_a_folder_that_is_no_root_is_said(self, catalogue: Catalogue) -> None:
        with pytest.raises(RootError, match="not one of the watched folders"):
            catalogue.remove_root(PHOTOS)

    def test_a_root_takes_its_regions_with_it(self, catalogue: Catalogue, pack_id: int) -> None:
        add_photo(catalogue, pack_id, Path("/a/1.jpg"), "coffee", "shop")
        add_photo(catalogue, pack_id, Path("/b/2.jpg"), "theatre")
        assert catalogue.remove_root(Path("/a")).tolist() == [1, 2]
        assert catalogue.counts(pack_id) == Counts(1, 1, 0, 0, 1)

    def test_what_another_root_shows_as_well_stays(
        self, catalogue: Catalogue, pack_id: int
    ) -> None:
        add_photo(catalogue, pack_id, Path("/a/1.jpg"), "coffee")
        add_photo(catalogue, pack_id, Path("/b/copy.jpg"), "coffee")
        assert catalogue.remove_root(Path("/a")).tolist() == []
        assert catalogue.counts(pack_id).regions == 1


class TestRegions:
    def test_they_come_back_as_they_were_stored(self, catalogue: Catalogue, pack_id: int) -> None:
        _, content_id = add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee", "shop")
        second, first = catalogue.evidence(np.array([2, 1]))
        assert (first.reading, second.reading) == ("coffee", "shop")
        assert (first.region_id, first.content_id) == (1, content_id)
        assert first.lattice == b"lattice of coffee"
        assert first.confidence == 0.75
        assert first.quad.tolist() == [[0, 1], [2, 3], [4, 5], [6, 7]]

    def test_embeddings_come_in_chunks_by_rising_id(
        self, catalogue: Catalogue, pack_id: int
    ) -> None:
        words = [f"word{number}" for number in range(7)]
        for word in words:
            add_photo(catalogue, pack_id, PHOTOS / f"{word}.jpg", word)
        chunks = list(catalogue.regions(pack_id, chunk=3))
        assert [ids.tolist() for ids, _ in chunks] == [[1, 2, 3], [4, 5, 6], [7]]
        embeddings = np.concatenate([embeddings for _, embeddings in chunks])
        expected = np.stack([fakes.embedding_of(word) for word in words]).astype(np.float16)
        assert embeddings.dtype == np.float16
        assert np.array_equal(embeddings, expected)
        assert [ids.tolist() for ids, _ in catalogue.regions(pack_id, after=5)] == [[6, 7]]

    def test_a_content_is_stored_once_for_a_pack(self, catalogue: Catalogue, pack_id: int) -> None:
        _, content_id = add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
        assert len(catalogue.store_regions(content_id, pack_id, [region()])) == 0
        assert catalogue.region_state(pack_id).total == 1

    def test_packs_keep_apart(self, catalogue: Catalogue, pack_id: int, tmp_path: Path) -> None:
        _, content_id = add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
        other = catalogue.pack_id(fakes.fake_pack(tmp_path, name="other"))
        assert other != pack_id
        assert catalogue.counts(other) == Counts(1, 0, 0, 1, 0)
        catalogue.store_regions(content_id, other, [region("tea"), region("tee")])
        assert catalogue.counts(other) == Counts(1, 1, 0, 0, 2)
        assert catalogue.counts(pack_id).regions == 1

    def test_a_pack_lacks_what_is_there_to_be_read_and_it_has_not_embedded(
        self, catalogue: Catalogue, pack_id: int, tmp_path: Path
    ) -> None:
        places = [PHOTOS / f"{name}.jpg" for name in "abcde"]
        added = [add_photo(catalogue, pack_id, path, path.stem) for path in places]
        add_photo(catalogue, pack_id, PHOTOS / "copy of a.jpg", "a")
        other = catalogue.pack_id(fakes.fake_pack(tmp_path, name="other"))
        catalogue.store_regions(added[1][1], other, [region()])
        catalogue.mark_missing([added[2][0]], missing=True)
        catalogue.mark_skipped(added[3][0], 100, 5, "Too dark.", passing=True)
        found = catalogue.lacking(other)
        assert [(row.content_id, row.path) for row in found] == [
            (added[0][1], places[0]),
            (added[4][1], places[4]),
        ]
        assert found[0].digest == b"a".ljust(16)
        assert catalogue.lacking(pack_id) == []
        catalogue.set_root_state(catalogue.root(PHOTOS).root_id, online=False, device=None)
        assert catalogue.lacking(other) == []
        ids = [photo_id for photo_id, _ in added]
        assert catalogue.embedded_photos(other, ids) == {added[1][0]}

    def test_packs_in_use_keep_their_order(
        self, catalogue: Catalogue, pack_id: int, tmp_path: Path
    ) -> None:
        one, two = (fakes.fake_pack(tmp_path, name=name) for name in ("one", "two"))
        catalogue.use_packs([two, one])
        assert [(row.name, row.place) for row in catalogue.packs()] == [
            ("two", 0),
            ("one", 1),
            ("fake", None),
        ]
        assert catalogue.packs()[0].folder == str(tmp_path)
        catalogue.use_packs([one])
        first, *others = catalogue.packs()
        assert (first.name, first.place) == ("one", 0)
        assert [row.place for row in others] == [None, None]

    def test_a_score_map_is_kept_with_its_region(self, catalogue: Catalogue, pack_id: int) -> None:
        made = ScoreMap.of(np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4))
        add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
        other = catalogue.content(b"b" * 16, 5, 10, 10)
        ids = catalogue.store_regions(other, pack_id, [replace(region(), score_map=made), region()])
        root = catalogue.root(PHOTOS)
        photo_id = catalogue.record_photo(root.root_id, PHOTOS / "b.jpg", 5, 5)
        catalogue.settle_photo(photo_id, 5, 5, other)
        with_map, without = catalogue.evidence(ids)
        assert ScoreMap.read(with_map.score_map) == made
        assert without.score_map == b""

    def test_colours_are_kept_with_their_region(self, catalogue: Catalogue, pack_id: int) -> None:
        made = Colours((1, 2, 3), (4, 5, 6))
        add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
        other = catalogue.content(b"b" * 16, 5, 800, 600)
        ids = catalogue.store_regions(other, pack_id, [replace(region(), colours=made), region()])
        assert catalogue.evidence(ids) == []  # nor any lettering, while no photo shows it
        root = catalogue.root(PHOTOS)
        photo_id = catalogue.record_photo(root.root_id, PHOTOS / "b.jpg", 5, 5)
        catalogue.settle_photo(photo_id, 5, 5, other)
        known, unknown = catalogue.evidence(ids)
        assert (known.colours, unknown.colours) == (made.to_bytes(), b"")
        (rows,) = catalogue.letterings(pack_id, 0.7, 2)
        assert rows.contents.tolist() == [1, 2, 2]
        assert rows.looks.colours == (b"", made.to_bytes(), b"")
        assert rows.looks.photos.tolist() == [[640, 480], [800, 600], [800, 600]]
        assert list(catalogue.letterings(pack_id, 0.8, 2)) == []
        assert list(catalogue.letterings(pack_id, 0.7, 7)) == []

    def test_sizes_of_photos_come_in_the_order_that_was_asked_for(
        self, catalogue: Catalogue
    ) -> None:
        one = catalogue.content(b"a" * 16, 5, 640, 480)
        two = catalogue.content(b"b" * 16, 5, 800, 600)
        sizes = catalogue.photo_sizes([two, one, two, 99])
        assert sizes.tolist() == [[800, 600], [640, 480], [800, 600], [0, 0]]
        assert catalogue.photo_sizes([]).shape == (0, 2)

    def test_evidence_is_only_of_what_some_photo_shows(
        self, catalogue: Catalogue, pack_id: int
    ) -> None:
        photo_id, content_id = add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
        catalogue.mark_gone([photo_id])
        assert catalogue.evidence(np.array([1, 99])) == []
        assert catalogue.photos_of([content_id]) == {}

    def test_equal_states_are_equal_sets(self, catalogue: Catalogue, pack_id: int) -> None:
        photo_id, _ = add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
        saved = catalogue.region_state(pack_id)
        add_photo(catalogue, pack_id, PHOTOS / "b.jpg", "theatre")
        assert catalogue.region_state(pack_id) != saved
        assert catalogue.region_state(pack_id, until=saved.greatest) == saved
        catalogue.mark_gone([photo_id])
        catalogue.forget(catalogue.orphans())
        add_photo(catalogue, pack_id, PHOTOS / "c.jpg", "bakery")
        assert catalogue.region_state(pack_id, until=saved.greatest) != saved

    def test_an_id_never_comes_again(self, catalogue: Catalogue, pack_id: int) -> None:
        photo_id, _ = add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
        catalogue.mark_gone([photo_id])
        assert catalogue.forget(catalogue.orphans()).tolist() == [1]
        add_photo(catalogue, pack_id, PHOTOS / "b.jpg", "theatre")
        assert [ids.tolist() for ids, _ in catalogue.regions(pack_id)] == [[2]]


class TestPhotos:
    def test_copies_share_one_content(self, catalogue: Catalogue, pack_id: int) -> None:
        _, first = add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
        _, second = add_photo(catalogue, pack_id, PHOTOS / "b.jpg", "coffee")
        assert first == second
        rows = catalogue.photos_of([first])[first]
        assert [row.path.name for row in rows] == ["a.jpg", "b.jpg"]
        assert (rows[0].width, rows[0].height) == (640, 480)
        assert catalogue.counts(pack_id) == Counts(2, 2, 0, 0, 1)

    def test_a_photo_tells_whether_its_root_is_there(
        self, catalogue: Catalogue, pack_id: int
    ) -> None:
        photo_id, _ = add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
        root = catalogue.root(PHOTOS)
        catalogue.set_root_state(root.root_id, online=False, device="7")
        row = catalogue.photo(photo_id)
        assert row is not None
        assert not row.root_online
        assert catalogue.root(PHOTOS).device == "7"

    def test_a_skipped_photo_has_its_reason(self, catalogue: Catalogue, pack_id: int) -> None:
        root = catalogue.add_root(PHOTOS)
        photo_id = catalogue.record_photo(root.root_id, PHOTOS / "a.jpg", 0, 1)
        catalogue.mark_skipped(photo_id, 0, 1, "The file is empty.", passing=False)
        assert catalogue.skipped() == [SkippedRow(PHOTOS / "a.jpg", "The file is empty.")]
        assert catalogue.counts(pack_id) == Counts(1, 0, 1, 0, 0)

    def test_a_reason_that_may_pass_keeps_what_was_known(
        self, catalogue: Catalogue, pack_id: int
    ) -> None:
        photo_id, content_id = add_photo(catalogue, pack_id, PHOTOS / "a.jpg", "coffee")
        catalogue.mark_skipped(photo_id, 100, 5, "No permission.", passing=True)
        assert content_id in catalogue.photos_of([content_id])
        catalogue.mark_skipped(photo_id, 100, 5, "It is damaged.", passing=False)
        assert catalogue.photos_of([content_id]) == {}

    def test_an_unknown_photo_is_none(self, catalogue: Catalogue) -> None:
        assert catalogue.photo(1) is None

    def test_a_name_that_is_no_valid_text_is_kept(self, catalogue: Catalogue, pack_id: int) -> None:
        odd = PHOTOS / os.fsdecode(b"caf\xe9.jpg")
        photo_id, _ = add_photo(catalogue, pack_id, odd, "coffee")
        row = catalogue.photo(photo_id)
        assert row is not None
        assert row.path == odd
        assert [photo.path for photo in catalogue.known(pack_id, below=PHOTOS)] == [odd]
        assert [photo.path for photo in catalogue.known(pack_id, below=odd)] == [odd]

    def test_below_a_folder_are_its_photos_and_no_neighbours(
        self, catalogue: Catalogue, pack_id: int
    ) -> None:
        catalogue.add_root(PHOTOS)
        root_id = catalogue.root(PHOTOS).root_id
        every = ["a/1.jpg", "a/b/2.jpg", "a b/3.jpg", "a.jpg", "a0/4.jpg", "A/5.jpg", "a%/6.jpg"]
        for name in every:
            catalogue.record_photo(root_id, PHOTOS / name, 1, 1)
        below = [photo.path for photo in catalogue.known(pack_id, below=PHOTOS / "a")]
        assert sorted(below) == [PHOTOS / "a/1.jpg", PHOTOS / "a/b/2.jpg"]
        assert len(catalogue.known(pack_id, root_id=root_id)) == len(every)
