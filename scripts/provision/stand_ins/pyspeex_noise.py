"""Stands in for pyspeex-noise: Assist imports it, but only speech uses it."""


class AudioProcessor:
    """A noise filter that is not there."""

    def __init__(self, _auto_gain: int, _noise_suppression: int) -> None:
        raise NotImplementedError("pyspeex-noise is not installed: text only, no speech")
