"""What a handler works with: the call, its authorization, pages and the response envelope."""
