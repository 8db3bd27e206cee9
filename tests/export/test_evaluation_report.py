"""The table and the JSON of what was measured."""

import json
from dataclasses import replace

from export.evaluation.detection import Detection
from export.evaluation.losses import Cause
from export.evaluation.metrics import Quality
from export.evaluation.promises import Promises
from export.evaluation.report import Measurement, table
from export.evaluation.timing import Stages

OURS = Measurement(
    set="signs",
    program="Photolex (test)",
    photos=12,
    quality=Quality(45, 0.5, 0.25, 1.0),
    photos_per_second=20.04,
    cold_photos_per_second=4.0,
    search_milliseconds=3.0,
    regions_per_photo=7.5,
    detection=Detection(words=4, regions=8, matched=2),
)
CONTROL = Measurement("signs", "RapidOCR", 12, Quality(45, 0.9, 0.8, 1.0), 3.0)


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_has_a_row_for_each_measurement() -> None:
    heading, rule, ours, control = table([OURS, CONTROL]).splitlines()
    assert cells(heading)[:5] == ["set", "program", "photos", "queries", "mAP"]
    assert set(rule) == {"|", "-"}
    assert cells(ours)[4:9] == ["50.0", "25.0", "100.0", "20.0", "4.0"]
    assert cells(ours)[9:] == ["3.0", "7.5", "50.0", "25.0"]
    assert cells(control)[8:] == ["–"] * 5


def test_json_has_every_figure() -> None:
    plain = json.loads(json.dumps(OURS.to_json()))
    assert plain["quality"]["mean_average_precision"] == 0.5
    assert plain["detection"]["recall"] == 0.5
    assert CONTROL.to_json()["detection"] is None


def test_where_the_time_goes_is_a_table_of_its_own() -> None:
    staged = replace(OURS, stages=Stages(60, 4.25, 20.5, 6.0, 1.0), peak_megabytes=412.3)
    main, _, stages = table([staged, CONTROL]).split("\n\n")
    assert main == table([OURS, CONTROL])
    heading, _, row = stages.splitlines()
    assert cells(heading)[3:7] == ["decode", "focus", "image tower", "rest"]
    assert cells(row)[2:] == ["60", "4.2", "20.5", "6.0", "1.0", "412"]


def test_json_has_the_stages_and_the_causes() -> None:
    counted = dict.fromkeys(Cause, 0) | {Cause.MISREAD: 3}
    measured = replace(OURS, stages=Stages(60, 4.25, 20.5, 6.0, 1.0), losses=counted)
    plain = json.loads(json.dumps(measured.to_json()))
    assert plain["stages"]["focus"] == 20.5
    assert plain["losses"]["misread"] == 3


def test_what_searches_promise_is_a_table_of_its_own() -> None:
    promised = replace(OURS, promises=Promises(40, 38, 500, 0, 0, 0))
    main, _, promises = table([promised, CONTROL]).split("\n\n")
    assert main == table([OURS, CONTROL])
    heading, _, row = promises.splitlines()
    assert cells(heading)[2:4] == ["hits shown as contains", "of them right"]
    assert cells(row)[2:] == ["40", "95.0", "500", "0.0", "0", "–"]


def test_photos_that_could_not_be_read_are_told_below_the_table() -> None:
    main, skipped = table([replace(OURS, skipped=2), CONTROL]).split("\n\n")
    assert main == table([OURS, CONTROL])
    told = "Could not be read and were skipped: 2 of 12 photos of signs by Photolex (test)."
    assert skipped == told
