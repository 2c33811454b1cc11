"""A large language model as a translation engine, behind any endpoint that speaks OpenAI's chat protocol."""
