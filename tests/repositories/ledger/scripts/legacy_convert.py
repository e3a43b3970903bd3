# For Python 2, kept for reference.
import sys

for line in sys.stdin:
    print line.replace(";", ",")
