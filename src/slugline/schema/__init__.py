"""From the types of a handler to checks, documents and clients. Pure: plain values in, plain values out."""
