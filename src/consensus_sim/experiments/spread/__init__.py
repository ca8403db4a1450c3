"""Experiment `spread`."""
