"""The state of all residents as columns; one resident seen as a mesa.Agent; the capability scale."""
