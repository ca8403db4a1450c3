"""Experiment `sensitivity`."""
