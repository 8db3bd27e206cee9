"""What the engine says on its threads reaches the window in order, and not too often."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.bridge import Bridge
from desktop.mailbox import Mailbox
from engine.events import (
    Announcer,
    IndexingFinished,
    PhotosChanged,
    PhotoSkipped,
    Progress,
    ScanStarted,
)


@pytest.fixture
def announcer() -> Announcer:
    return Announcer()


@pytest.fixture
def bridge(qtbot: QtBot, announcer: Announcer) -> Iterator[Bridge]:
    bridge = Bridge(announcer)
    yield bridge
    bridge.close()


def on_a_thread(*events: object, announcer: Announcer) -> None:
    def speak() -> None:
        for event in events:
            announcer.announce(event)  # type: ignore[arg-type]

    thread = threading.Thread(target=speak)
    thread.start()
    thread.join()


def test_events_are_delivered_in_the_gui_thread(
    qtbot: QtBot, bridge: Bridge, announcer: Announcer
) -> None:
    threads: list[int] = []
    bridge.scan_started.connect(lambda: threads.append(threading.get_ident()))

    on_a_thread(ScanStarted(Path("/photos")), announcer=announcer)

    qtbot.waitUntil(lambda: threads == [threading.get_ident()])


def test_ten_thousand_events_become_a_handful_of_signals(
    qtbot: QtBot, bridge: Bridge, announcer: Announcer
) -> None:
    told: list[object] = []
    added: list[int] = []
    skipped: list[int] = []
    bridge.progressed.connect(told.append)
    bridge.photos_changed.connect(lambda more, _: added.append(more))
    bridge.photos_skipped.connect(skipped.append)

    for number in range(1, 5001):
        announcer.announce(Progress(number, 5000, 100.0, 1.0, "photo.jpg"))
        announcer.announce(PhotosChanged(1, 0))
    announcer.announce(PhotoSkipped(Path("/photos/broken.jpg"), "The file is damaged."))
    qtbot.waitUntil(lambda: sum(added) == 5000 and sum(skipped) == 1)

    assert told[-1] == Progress(5000, 5000, 100.0, 1.0, "photo.jpg")
    assert len(told) == 1


def test_that_another_pack_answers_is_told_though_no_photo_came_or_went(
    qtbot: QtBot, bridge: Bridge, announcer: Announcer
) -> None:
    with qtbot.waitSignal(bridge.photos_changed) as told:
        on_a_thread(PhotosChanged(0, 0), announcer=announcer)

    assert told.args == [0, 0]


def test_an_end_never_overtakes_what_came_before_it(
    qtbot: QtBot, bridge: Bridge, announcer: Announcer
) -> None:
    order: list[str] = []
    bridge.progressed.connect(lambda event: order.append(f"progress {event.done}"))
    bridge.photos_changed.connect(lambda added, _: order.append(f"added {added}"))
    bridge.indexing_finished.connect(lambda: order.append("finished"))
    bridge.scan_started.connect(lambda: order.append("started"))

    on_a_thread(
        ScanStarted(Path("/photos")),
        Progress(1, 2, 1.0, None, "a.jpg"),
        PhotosChanged(1, 0),
        Progress(2, 2, 1.0, 0.0, "b.jpg"),
        PhotosChanged(1, 0),
        IndexingFinished(2, 0, False),
        ScanStarted(Path("/more")),
        announcer=announcer,
    )

    qtbot.waitUntil(lambda: order.count("started") == 2)
    assert [word for word in order if word in ("started", "finished")] == [
        "started",
        "finished",
        "started",
    ]
    assert order.index("progress 2") < order.index("finished")


def test_after_closing_nothing_comes_and_the_engine_may_go_on_talking(
    qtbot: QtBot, announcer: Announcer
) -> None:
    bridge = Bridge(announcer)
    heard: list[object] = []
    bridge.scan_started.connect(heard.append)
    on_a_thread(ScanStarted(Path("/photos")), announcer=announcer)

    bridge.close()
    on_a_thread(ScanStarted(Path("/photos")), announcer=announcer)
    qtbot.wait(150)

    assert heard == []


def test_a_mailbox_delivers_everything_once_and_in_order_from_many_threads(qtbot: QtBot) -> None:
    mailbox = Mailbox(10)
    heard: list[tuple[int, int]] = []
    deliveries: list[float] = []

    def take(items: list[tuple[int, int]]) -> None:
        heard.extend(items)
        deliveries.append(time.monotonic())

    mailbox.arrived.connect(take)

    def speak(speaker: int) -> None:
        for number in range(500):
            mailbox.post((speaker, number))

    threads = [threading.Thread(target=speak, args=(speaker,)) for speaker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    qtbot.waitUntil(lambda: len(heard) == 2000)

    for speaker in range(4):
        assert [number for who, number in heard if who == speaker] == list(range(500))
    assert len(deliveries) < 200
    mailbox.close()
