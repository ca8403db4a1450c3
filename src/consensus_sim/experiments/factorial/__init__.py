"""Experiment `factorial`."""
