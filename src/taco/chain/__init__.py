"""The TaCo format: templates as data, rendering, strict and tolerant parsing."""
