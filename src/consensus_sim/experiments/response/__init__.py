"""Experiment `response`."""
