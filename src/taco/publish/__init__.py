"""What leaves a run folder to be used elsewhere."""
