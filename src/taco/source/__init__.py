"""English instruction data in: files, hub and the seed set; normalised, deduplicated, split."""
