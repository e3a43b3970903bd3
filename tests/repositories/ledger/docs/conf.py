import sphinx

project = "ledger"
extensions = ["myst_parser"]
html_theme = "alabaster"
needs_sphinx = sphinx.__version__
