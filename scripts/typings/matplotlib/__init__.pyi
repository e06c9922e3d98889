# What scripts/benchmarks uses of matplotlib, which is not installed everywhere.
