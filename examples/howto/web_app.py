"""Serve a FastAPI application: one client for all requests, and errors as responses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from bytehouse import AsyncByteHouse, QueryFailed


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the client with the application, and close it with it."""
    async with AsyncByteHouse() as app.state.bh:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/orders/{shop}")
async def orders(shop: str, request: Request) -> list[dict[str, Any]]:
    """Return the orders of a shop; a client that goes away stops the query."""
    sql = "SELECT id, amount FROM sales.orders WHERE shop = {shop}"
    result = await request.app.state.bh.query(sql, params={"shop": shop})
    return [row async for row in result.mappings()]


@app.exception_handler(QueryFailed)
async def query_failed(_: Request, error: QueryFailed) -> JSONResponse:
    """Say why the statement could not run."""
    return JSONResponse({"error": error.message}, status_code=400)


if __name__ == "__main__":
    uvicorn.run(app)
