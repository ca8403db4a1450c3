"""The three stages and six steps: topics, screening, seating, meeting, resolution, evaluation."""
