"""Questions put to ensembles: which scenario does better, and by how much."""
