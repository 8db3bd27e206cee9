"""``photolex-export import-clip``: weights of CLIP, or an FDP checkpoint, to a model pack."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from engine.errors import LibraryError
from export.clip_tokenizer import find_vocabulary, make_tokenizer
from export.clip_weights import (
    WeightsError,
    holds_clip,
    load_clip,
    load_fdp,
    queries_and_keys,
    read_state,
)
from export.fdp_pack import PackSettings, write_pack
from export.published import SHA256, digest, published
from export.towers.clip import CLIP, SIDE, STRIDE
from export.towers.fdp import FDP
from export.training.fdp_start import MODELS
from export.word_kinds import SEED, example_words, fit_kinds, frequent_words

_OPENAI = "openai"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``import-clip``."""
    parser.add_argument("--model", required=True, choices=list(MODELS), help="the size of CLIP")
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help=f"CLIP's weights, as OpenAI or open_clip store them; “{_OPENAI}” fetches them",
    )
    parser.add_argument(
        "--fdp",
        type=Path,
        metavar="CHECKPOINT",
        help="FDP's heads; without --weights also the CLIP that they were trained on",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the pack")
    parser.add_argument("--name", help="of the pack, instead of its folder's")
    parser.add_argument("--precision", choices=["fp32", "fp16"], default="fp32")
    parser.add_argument(
        "--resolution", type=int, default=SIDE, metavar="PIXELS", help="side of what the model sees"
    )
    parser.add_argument(
        "--faithful", action="store_true", help="compute as FDP's published code does"
    )
    parser.add_argument(
        "--words",
        type=Path,
        metavar="FILE",
        help="frequent words that tell the two word kinds, instead of our own list or the "
        "checkpoint's kinds",
    )
    parser.set_defaults(run=main)


def main(args: argparse.Namespace) -> None:
    """Import, and print what came of it."""
    print(import_clip(args))


def import_clip(args: argparse.Namespace) -> str:
    """Write the pack that the arguments ask for; what its self-check says.

    LibraryError or ParityError, one sentence, when something is missing or wrong.
    """
    if args.resolution <= 0 or args.resolution % STRIDE:
        raise LibraryError(f"The resolution must be a multiple of {STRIDE} pixels.")
    tokenizer = make_tokenizer(find_vocabulary())
    clip, fdp, origin = _loaded(args)
    kinds: dict[str, Any] = {}
    if fdp is not None:
        words = frequent_words(args.words)
        if args.words is not None or not fdp.word_kinds.any():
            if not fit_kinds(fdp, tokenizer, words):
                print("By these words and weights “the” and “office” are words of one kind.")
            kinds["seed"] = SEED
        kinds |= example_words(fdp, tokenizer, words)
    settings = PackSettings(
        name=args.name or args.out.resolve().name,
        licence=_licence(origin),
        side=args.resolution,
        precision=args.precision,
        origin=origin,
        word_kinds=kinds,
    )
    return write_pack(fdp if fdp is not None else clip, tokenizer, args.out, settings)


def _loaded(args: argparse.Namespace) -> tuple[CLIP, FDP | None, dict[str, Any]]:
    """CLIP, FDP upon it where there is a checkpoint, and where both are from."""
    if args.weights is None and args.fdp is None:
        raise LibraryError(
            f"Name CLIP's weights with --weights FILE, or let them be fetched with --weights "
            f"{_OPENAI}, or name an FDP checkpoint with --fdp."
        )
    if args.faithful and args.fdp is None:
        raise LibraryError("--faithful is about FDP's heads, and no checkpoint of them is named.")
    origin: dict[str, Any] = {"model": args.model}
    heads = read_state(args.fdp) if args.fdp is not None else None
    if args.weights is not None:
        file = published(args.model) if args.weights == _OPENAI else Path(args.weights)
        clip = load_clip(read_state(file), args.model, file, MODELS[args.model])
        origin["weights"] = {"name": file.name, "sha256": digest(file)}
    elif heads is not None and holds_clip(heads):
        clip = load_clip(heads, args.model, args.fdp, MODELS[args.model])
    else:
        raise WeightsError(
            f"{args.fdp} holds FDP's heads alone: name CLIP's weights too, with --weights."
        )
    if heads is None:
        return clip, None, origin
    fdp = load_fdp(heads, clip, args.resolution, args.fdp, faithful=args.faithful)
    origin["checkpoint"] = {"name": args.fdp.name, "sha256": digest(args.fdp)}
    origin["faithful"] = args.faithful
    queries, keys = queries_and_keys(fdp)
    print(
        f"The probe's queries and keys have a root mean square of {queries:.1e} and {keys:.1e}; "
        "training drives them to nothing, and neither is used."
    )
    return clip, fdp, origin


def _licence(origin: dict[str, Any]) -> str:
    """OpenAI's own files are known by their digest; of others nothing is known."""
    weights = origin.get("weights", {})
    if "checkpoint" not in origin and weights.get("sha256") in SHA256.values():
        return "MIT"
    return "unknown: that of the weights it was made from"
