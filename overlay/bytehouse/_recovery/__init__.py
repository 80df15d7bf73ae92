"""Find out what became of a call whose response was lost."""
