"""Ensembles: scenarios x replicates under common random numbers, run, stored as they finish, summarised."""
