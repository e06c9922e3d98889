"""Stands in for pymicro-vad: Assist makes one for every sentence, but only speech uses it."""


class MicroVad:
    """A voice detector that cannot listen."""

    def Process10ms(self, _audio: bytes) -> float:  # noqa: N802 - the name is pymicro-vad's
        """Say why speech does not work."""
        raise NotImplementedError("pymicro-vad is not installed: text only, no speech")
