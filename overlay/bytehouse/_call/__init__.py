"""One call from plan to result: the request, the meaning of a response, whether to retry."""
