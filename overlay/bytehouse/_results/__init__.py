"""Read the results of queries: parse the stream, decode the rows, export them."""
