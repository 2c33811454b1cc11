"""What a run came to: one self-contained HTML page, the same as JSON, and a table for the terminal."""
