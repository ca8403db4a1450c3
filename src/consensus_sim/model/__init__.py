"""One community simulated: the order of a week, its state, its parameters, and what is recorded."""
