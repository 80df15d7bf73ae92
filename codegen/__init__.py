"""Turn openapi.yaml into the raw client, and the async overlay into the sync one."""
