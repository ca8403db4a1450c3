"""Experiments, one folder each: design and tables (`study`), text (`text`), figure (`figure`); one common runner."""
