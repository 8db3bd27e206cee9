"""Writes the sample library: ``python -m export.synth.samples OUT``."""

import argparse

from export.synth import samples

parser = argparse.ArgumentParser(prog="python -m export.synth.samples", description=__doc__)
samples.add_arguments(parser)
arguments = parser.parse_args()
arguments.run(arguments)
