"""Experiment `compare`."""
