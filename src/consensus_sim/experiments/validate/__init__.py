"""Experiment `validate`."""
