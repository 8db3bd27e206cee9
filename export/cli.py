"""The command line `photolex-export`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from engine.errors import LibraryError

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; 0 when it did what was asked, 1 when it could not, 130 when stopped.

    Why it could not is one sentence on standard error.
    """
    try:
        return _run(argv)
    except LibraryError as error:
        sentence = str(error)
    except ModuleNotFoundError as error:
        package = str(error.name).split(".")[0]
        if package in ("engine", "export"):
            raise
        sentence = f"{package} is not installed: pip install 'photolex[export]' brings it."
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        sentence = f"{what}{error.strerror or error}".removesuffix(".") + "."
    except KeyboardInterrupt:
        return _INTERRUPTED
    print(sentence, file=sys.stderr)
    return 1


def _run(argv: Sequence[str] | None) -> int:
    # Here, because without the extra “export” none of these can be imported.
    from export import import_clip, pack
    from export.data import teacher
    from export.evaluation import command as evaluation
    from export.onnx import ParityError
    from export.synth import draw, samples, signs
    from export.training import fdp, focus, glance, recipe, word

    parser = argparse.ArgumentParser(prog="photolex-export", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    draw.add_arguments(commands.add_parser("draw", help="draw words and scenes to train on"))
    signs.add_arguments(
        commands.add_parser("draw-signs", help="draw one large word a picture, of few words")
    )
    teacher.add_arguments(commands.add_parser("label", help="label photos with an OCR pipeline"))
    train = commands.add_parser("train", help="train a tower; resumes where it stopped")
    towers = train.add_subparsers(dest="tower", required=True)
    recipe.add_arguments(
        towers.add_parser(
            "all",
            help="draw, label, and train the word towers and Focus, in one command",
            description=recipe.__doc__,
        )
    )
    word.add_arguments(towers.add_parser("word", help="the image and the text tower"))
    focus.add_arguments(towers.add_parser("focus", help="the word finder"))
    glance.add_arguments(towers.add_parser("glance", help="where Focus need not look"))
    fdp.add_arguments(towers.add_parser("fdp", help="FDP's heads and prompts about CLIP"))
    samples.add_arguments(commands.add_parser("samples", help="draw the sample library"))
    pack.add_arguments(commands.add_parser("pack", help="export trained towers as a model pack"))
    import_clip.add_arguments(
        commands.add_parser("import-clip", help="make a model pack of CLIP's or FDP's weights")
    )
    evaluate = commands.add_parser("evaluate", help="measure a pack on labelled photos")
    evaluation.add_arguments(evaluate)
    evaluate.set_defaults(run=evaluation.main)
    args = parser.parse_args(argv)
    try:
        return int(args.run(args) or 0)
    except ParityError as error:
        raise LibraryError(str(error)) from error
