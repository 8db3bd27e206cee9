"""What every test starts from."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.packs import ModelPack
from tests.fakes import fake_pack


@pytest.fixture
def pack(tmp_path: Path) -> ModelPack:
    return fake_pack(tmp_path)


@pytest.fixture
def cancel() -> threading.Event:
    return threading.Event()


@pytest.fixture
def expected_warnings() -> None:
    """For a test that means our own code to log a warning or worse."""


@pytest.fixture(autouse=True)
def _no_surprising_warnings(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    yield
    if "expected_warnings" in request.fixturenames:
        return
    surprises = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING
        and record.name.split(".")[0] in ("engine", "desktop", "export")
    ]
    assert not surprises, f"logged without being expected: {surprises}"
