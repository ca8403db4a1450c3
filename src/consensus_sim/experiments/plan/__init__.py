"""Experiment `plan`."""
