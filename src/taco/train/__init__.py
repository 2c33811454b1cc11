"""Tuning a LoRA adapter on chains: tokens and labels, batches, training that can be killed and goes on."""
