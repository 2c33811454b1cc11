"""English rows into the target language: engines, structure-safe segmentation, memory and checks."""
