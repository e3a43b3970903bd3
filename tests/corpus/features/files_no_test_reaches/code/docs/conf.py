import sphinx_rtd_theme
from sphinx.application import Sphinx

extensions = ["sphinx.ext.autodoc"]
html_theme_path = [sphinx_rtd_theme.get_html_theme_path()]


def setup(app: Sphinx):
    app.add_css_file("x.css")
