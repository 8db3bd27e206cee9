"""What was measured, as a table that people read or as JSON that programs read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from export.evaluation.detection import Detection
from export.evaluation.losses import Cause
from export.evaluation.metrics import Quality
from export.evaluation.promises import Promises

if TYPE_CHECKING:
    from export.evaluation.timing import Stages

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
_STAGE_HEADINGS = (
    "set",
    "program",
    "photos timed",
    "decode",
    "focus",
    "image tower",
    "rest",
    "peak memory, MB",
)
_PROMISE_HEADINGS = (
    "set",
    "program",
    "hits shown as contains",
    "of them right",
    "absent words",
    "of them shown as contains",
    "phrases",
    "of them first",
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One program on one set.

    ``photos_per_second`` is taken with the models loaded and warm; ``cold_photos_per_second`` has
    the start of the program and of its models in it. ``search_milliseconds`` is the median of a
    query. ``skipped``: photos that could not be read. ``detection`` counts only photos whose words
    all have a place. ``peak_megabytes``: what the embedder's process held at most, None where the
    system does not say. ``losses``: how many photos stood too low for a query, by cause.
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
    stages: Stages | None = None
    peak_megabytes: float | None = None
    losses: Mapping[Cause, int] | None = None
    promises: Promises | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values, with recall and precision worked out."""
        plain = asdict(self)
        if self.losses is not None:
            plain["losses"] = {str(cause): count for cause, count in self.losses.items()}
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


def _stage_row(one: Measurement) -> tuple[str, ...]:
    stages = one.stages
    return (
        one.set,
        one.program,
        str(stages.photos) if stages else "–",
        _number(stages.decode if stages else None),
        _number(stages.focus if stages else None),
        _number(stages.image_tower if stages else None),
        _number(stages.rest if stages else None),
        "–" if one.peak_megabytes is None else f"{one.peak_megabytes:.0f}",
    )


def _promise_row(one: Measurement, promises: Promises) -> tuple[str, ...]:
    pairs = (
        (promises.contains, promises.right),
        (promises.absent, promises.shown),
        (promises.phrases, promises.first),
    )
    cells = ((str(of), _percent(part / of if of else None)) for of, part in pairs)
    return (one.set, one.program, *(cell for pair in cells for cell in pair))


def table(measurements: Sequence[Measurement]) -> str:
    """Markdown: a row for each measurement, and below it where a photo's time went.

    mAP, top-1, hit@10, recall and precision in %; beneath them which photos were skipped, if any;
    the second table, for programs of which it is known, in milliseconds a photo; the third what
    ``Promises`` counts.
    """
    text = _markdown([_HEADINGS, *(_row(one) for one in measurements)])
    skipped = [
        f"{one.skipped} of {one.photos} photos of {one.set} by {one.program}"
        for one in measurements
        if one.skipped
    ]
    if skipped:
        text += f"\n\nCould not be read and were skipped: {'; '.join(skipped)}."
    staged = [one for one in measurements if one.stages or one.peak_megabytes is not None]
    if staged:
        stages = _markdown([_STAGE_HEADINGS, *(_stage_row(one) for one in staged)])
        text += f"\n\nMilliseconds a photo, one after another:\n\n{stages}"
    promised = [_promise_row(one, one.promises) for one in measurements if one.promises is not None]
    if promised:
        promises = _markdown([_PROMISE_HEADINGS, *promised])
        text += f"\n\nWhat searches promise, shares in %:\n\n{promises}"
    return text


def _markdown(rows: Sequence[tuple[str, ...]]) -> str:
    """The first row holds the headings."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
