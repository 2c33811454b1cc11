"""`taco publish`: a finished folder to the Hugging Face hub."""
