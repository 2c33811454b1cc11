"""The quality gate: translated rows in, those that look right out, and figures of all."""
