"""Experiment `patterns`."""
