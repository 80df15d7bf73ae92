"""What a test steers: the clock, transitions, faults, and the journal of calls."""
