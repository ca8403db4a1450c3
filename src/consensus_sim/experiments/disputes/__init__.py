"""Experiment `disputes`."""
