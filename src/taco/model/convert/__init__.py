"""Model folders of transformers in the forms of other engines: GGUF for llama.cpp, and CTranslate2's."""
