"""Experiment `core`."""
