"""Write statements: literals, parameters, inserts."""
