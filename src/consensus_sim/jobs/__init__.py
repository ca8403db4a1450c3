"""What an experiment does, a module each; `experiment.EXPERIMENTS` names them. Here the library meets its report."""
