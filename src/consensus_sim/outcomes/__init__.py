"""What one run says: facts as tables, and metrics, each defined once."""
