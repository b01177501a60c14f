"""run_notebook.py IN OUT: runs a notebook with nbclient, checks the result against nbformat's schema, and writes it."""

import sys

import nbformat
from nbclient import NotebookClient

source, target = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="sdnb").execute()
nbformat.validate(notebook)
nbformat.write(notebook, target)
