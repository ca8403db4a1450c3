"""What is asked: scenarios, settings and parameter draws, composed from configs, checked, with dates and precision."""
