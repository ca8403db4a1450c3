"""Choice of a package of interventions within a budget, and of the parameters to find out first."""
