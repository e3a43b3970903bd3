import nox


@nox.session
def tests(session):
    session.install("-e", ".", "pytest")
    session.run("pytest")


@nox.session
def docs(session):
    session.install("sphinx", "myst-parser")
    session.run("sphinx-build", "docs", "build/docs")
