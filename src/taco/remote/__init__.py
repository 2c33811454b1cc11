"""Calling a service: keys, one attempt, faults, pace, and the chat protocol that engines and judges share."""
