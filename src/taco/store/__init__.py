"""What is kept on disk: run folder, manifest, JSON Lines, translation memory, cache."""
