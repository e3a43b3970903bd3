import pyperf

import calc

pyperf.Runner().timeit("add", "calc.add(1, 2)", globals={"calc": calc})
