"""The tools that run the reduced workload, one file each."""
