"""Experiment `levers`."""
