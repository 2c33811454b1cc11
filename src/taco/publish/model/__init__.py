"""What is said about a tuned model: its card and the licences that it was made under."""
