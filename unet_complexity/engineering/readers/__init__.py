"""A real model becomes a Network: what both readers share, and a reader for each framework."""
