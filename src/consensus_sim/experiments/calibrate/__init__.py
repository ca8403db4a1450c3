"""Experiment `calibrate`."""
