"""What the tests of the export tools start from."""

from __future__ import annotations

from collections.abc import Iterator

import coverage
import pytest


@pytest.fixture(scope="module", autouse=True)
def _nothing_counted() -> Iterator[None]:
    """Coverage rests: it is of the engine, which has tests of its own, and while PyTorch exports
    networks it takes nearly as much time as these do.
    """
    counting = coverage.Coverage.current()
    if counting is not None:
        counting.stop()
    yield
    if counting is not None:
        counting.start()
