#!/bin/sh
# Makes build/venv, a Python with the packages of requirements.txt, unless it is there: venv.sh
#
# Needs python3 (3.11 or later) with venv and pip, and a package index. Writes only build/.
set -eu

cd "$(dirname "$0")"
if ! cmp -s requirements.txt build/installed.txt; then
    rm -rf build
    mkdir build
    python3 -m venv build/venv
    build/venv/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: -r requirements.txt
    cp requirements.txt build/installed.txt
fi
