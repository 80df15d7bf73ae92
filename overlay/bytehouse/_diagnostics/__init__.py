"""Find out why a client does not work."""
