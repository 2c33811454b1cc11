"""An audit of judgement files for people: a page of HTML and tables for the terminal."""
