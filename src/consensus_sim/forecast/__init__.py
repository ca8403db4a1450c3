"""What many runs say: summaries, paired differences with both intervals, variance, Monte Carlo standard errors."""
