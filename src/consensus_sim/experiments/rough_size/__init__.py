"""Experiment `rough_size`."""
