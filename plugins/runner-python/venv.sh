#!/bin/sh
# Makes build/venv, a Python with the packages pinned in requirements.txt, unless it is there: venv.sh
#
# Needs python3 (3.10 or later) with venv and pip. Writes only build/.
set -eu

cd "$(dirname "$0")"
if ! cmp -s requirements.txt build/installed.txt; then
    rm -rf build
    mkdir build
    python3 -m venv build/venv
    build/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: \
        -r requirements.txt
    cp requirements.txt build/installed.txt
fi
