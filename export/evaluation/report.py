"""What was measured, as a table that people read or as JSON that programs read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from export.evaluation.detection import Detection
from export.evaluation.metrics import Quality

_HEADINGS = (
    "set",
    "program",
    "photos",
    "queries",
    "mAP",
    "top-1",
    "hit@10",
    "photos/s",
    "photos/s from a cold start",
    "ms a query",
    "regions/photo",
    "word recall",
    "word precision",
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One program on one set.

    ``photos_per_second`` is taken with the models loaded and warm; ``cold_photos_per_second`` has
    the start of the program and of its models in it. ``search_milliseconds`` is the median of a
    one-word query. ``detection`` counts only photos whose words all have a place.
    """

    set: str
    program: str
    photos: int
    quality: Quality
    photos_per_second: float
    cold_photos_per_second: float | None = None
    search_milliseconds: float | None = None
    regions_per_photo: float | None = None
    skipped: int = 0
    detection: Detection | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, with recall and precision worked out."""
        plain = asdict(self)
        if self.detection is not None:
            plain["detection"] |= {
                "recall": self.detection.recall,
                "precision": self.detection.precision,
            }
        return plain


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _row(one: Measurement) -> tuple[str, ...]:
    return (
        one.set,
        one.program,
        str(one.photos),
        str(one.quality.queries),
        _percent(one.quality.mean_average_precision),
        _percent(one.quality.top1),
        _percent(one.quality.hit10),
        _number(one.photos_per_second),
        _number(one.cold_photos_per_second),
        _number(one.search_milliseconds),
        _number(one.regions_per_photo),
        _percent(one.detection.recall if one.detection else None),
        _percent(one.detection.precision if one.detection else None),
    )


def table(measurements: Sequence[Measurement]) -> str:
    """A Markdown table, a row for each measurement; mAP, top-1, hit@10, recall, precision in %."""
    rows = [_HEADINGS, *(_row(one) for one in measurements)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
