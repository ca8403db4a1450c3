"""Experiment `robustness`."""
