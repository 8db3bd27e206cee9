from __future__ import annotations

from pathlib import Path

import pytest

from engine.events import Announcer, Event, PhotosChanged, RootOnline


def test_every_subscriber_hears_every_event() -> None:
    announcer = Announcer()
    first: list[Event] = []
    second: list[Event] = []
    announcer.subscribe(first.append)
    announcer.subscribe(second.append)
    event = RootOnline(Path("/photos"))
    announcer.announce(event)
    assert first == second == [event]


def test_who_unsubscribed_hears_no_more() -> None:
    announcer = Announcer()
    heard: list[Event] = []
    unsubscribe = announcer.subscribe(heard.append)
    unsubscribe()
    unsubscribe()
    announcer.announce(PhotosChanged(1, 0))
    assert heard == []


def test_one_may_unsubscribe_while_being_told() -> None:
    announcer = Announcer()
    heard: list[Event] = []

    def once(event: Event) -> None:
        heard.append(event)
        unsubscribe()

    unsubscribe = announcer.subscribe(once)
    announcer.announce(PhotosChanged(1, 0))
    announcer.announce(PhotosChanged(2, 0))
    assert heard == [PhotosChanged(1, 0)]


@pytest.mark.usefixtures("expected_warnings")
def test_a_subscriber_that_fails_is_logged_and_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    announcer = Announcer()
    heard: list[Event] = []

    def fail(event: Event) -> None:
        raise RuntimeError("a mistake in a window")

    announcer.subscribe(fail)
    announcer.subscribe(heard.append)
    announcer.announce(PhotosChanged(1, 0))
    assert heard == [PhotosChanged(1, 0)]
    assert "a mistake in a window" in caplog.text
