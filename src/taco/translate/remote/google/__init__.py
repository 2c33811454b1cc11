"""Google's Cloud Translation as a translation engine, through its official client."""
