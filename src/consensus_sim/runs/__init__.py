"""How a study is simulated: seeded replicates, their store, and the engines that run them."""
