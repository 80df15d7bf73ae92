"""What everything else stands on: configuration, secrets, options, clocks, retry policy."""
