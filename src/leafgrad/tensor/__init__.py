"""The tensor, the graph that calls record, and the engine that walks it backwards."""
