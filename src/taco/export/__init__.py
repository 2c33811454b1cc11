"""A finished run in the forms of other programs; beside the pipeline, whose folders it reads and never writes."""
