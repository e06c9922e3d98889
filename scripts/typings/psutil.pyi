# What scripts/benchmarks uses of psutil, which has no types.

class _Times:
    user: float
    system: float

class _Memory:
    rss: int

class _VirtualMemory:
    total: int

class Process:
    def __init__(self, pid: int | None = None) -> None: ...
    def cpu_times(self) -> _Times: ...
    def memory_info(self) -> _Memory: ...

def virtual_memory() -> _VirtualMemory: ...
