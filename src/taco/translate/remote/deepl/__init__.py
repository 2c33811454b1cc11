"""DeepL as a translation engine, through its official client."""
