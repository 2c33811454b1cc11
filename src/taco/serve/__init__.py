"""`taco serve`: finished runs behind OpenAI's protocol, and a page to talk with them."""
