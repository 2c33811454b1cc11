"""Another language model as judge: prompts, calls, verdicts, scores."""
