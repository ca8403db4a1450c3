"""Experiment `pictures`."""
