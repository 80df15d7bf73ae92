"""What all other packages use: configuration, secrets, options, clocks, retry policy."""
