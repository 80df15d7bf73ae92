"""Read the results of queries: parse the stream, decode the rows, hand them on in any shape."""
