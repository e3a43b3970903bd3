from setuptools import find_packages, setup

setup(name="calc", packages=find_packages())
