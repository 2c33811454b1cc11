"""Base models: fetched, checked, loaded, and the prompt format that each of them knows."""
