"""Studies: several runs that answer one question, with one table and one picture, beside what a single run reports."""
