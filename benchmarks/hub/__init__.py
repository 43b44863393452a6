"""A class on one machine: JupyterHub, its proxy, and scripted students who open a notebook and run it."""
