"""Translations of the seed rows that come with the package, for machines without a translator."""
