#!/bin/sh
# Builds the Python test runner: build.sh OUTPUT.wasm
#
# Needs python3 (3.10 or later) with venv and pip; installs the packages pinned in requirements.txt. Writes only build/
# and the output file. The component is not compressed. Two builds behave alike but differ in bytes: the interpreter
# snapshot contains its hash seed and timestamps.
set -eu

output=${1:?usage: build.sh OUTPUT.wasm}
case $output in /*) ;; *) output=$PWD/$output ;; esac
cd "$(dirname "$0")"

venv=build/venv
./venv.sh

# Copy only what the component needs: no pip, no caches.
rm -rf build/packages build/src
mkdir build/packages
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
for name in py.py pytest _pytest pluggy iniconfig packaging tzdata; do
    cp -R "$site/$name" build/packages/
done
cp -R src build/src
find build/packages build/src -name __pycache__ -prune -exec rm -rf {} +

"$venv/bin/componentize-py" --quiet --wit-path ../../wit --world probed-runner-plugin \
    componentize _phasegate_app --python-path build/src --python-path build/packages --output build/runner-python.wasm
python3 manifest.py build/runner-python.wasm plugin.toml
mv build/runner-python.wasm "$output"
