"""Experiment `city`."""
