"""What rows cost in the base model's tokens, measured and predicted before anything is trained or translated."""
