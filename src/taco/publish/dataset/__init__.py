"""Finished runs as one Hugging Face data set folder: Parquet shards, a card, the licence lineage, provenance per row."""
