"""Commands beside the forecast: the panel draw and the examples."""
