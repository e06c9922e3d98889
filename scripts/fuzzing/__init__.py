"""What must hold whatever comes from outside, and a fuzzer that looks for what breaks it."""
