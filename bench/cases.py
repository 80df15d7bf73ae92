"""The cases: each peer doing the same thing in the manner of its own documentation.

A case is a function of the server's address that returns what to time, in a process of its own.
"""

import asyncio
import importlib
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

KEY = "bench:key"
Timed = Callable[[], object]
AsyncTimed = Callable[[], Awaitable[object]]


def overlay(url: str) -> Timed:
    """Get one database through the client: auth, role, envelope, typed model."""
    from bytehouse import ByteHouse

    client = ByteHouse(url, api_key=KEY, role="AccountAdmin")
    return lambda: client.databases.get("sales")


def httpx(url: str) -> Timed:
    """Get the same bytes with httpx, as decoded JSON."""
    import httpx

    client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})
    return lambda: client.get(f"{url}/v1/databases/sales").json()


def raw(url: str) -> Timed:
    """Get one database through the raw client: its plan, httpx, its model."""
    from bytehouse_raw import AuthenticatedClient
    from bytehouse_raw.api.databases import get_database

    client = AuthenticatedClient(url, KEY)
    return lambda: get_database.sync_detailed("sales", client=client)


def overlay_after_burst(url: str) -> Timed:
    """Do the same after a burst that opened 50 connections."""
    return _after_burst(overlay(url))


def httpx_after_burst(url: str) -> Timed:
    """Do the same with httpx after such a burst."""
    return _after_burst(httpx(url))


def _after_burst(get: Timed, count: int = 50) -> Timed:
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda _: get(), range(count * 20)))
    return get


def httpx_transport(url: str) -> Timed:
    """Get the same bytes with httpx's transport alone: what the library costs at the least."""
    import httpx

    transport = httpx.HTTPTransport()
    request = httpx.Request("GET", f"{url}/v1/databases/sales")
    return lambda: json.loads(transport.handle_request(request).read())


def requests(url: str) -> Timed:
    """Get the same bytes with requests."""
    requests = importlib.import_module("requests")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {KEY}"
    return lambda: session.get(f"{url}/v1/databases/sales").json()


def urllib3(url: str) -> Timed:
    """Get the same bytes with urllib3."""
    pool = importlib.import_module("urllib3").PoolManager()
    headers = {"Authorization": f"Bearer {KEY}"}
    return lambda: pool.request("GET", f"{url}/v1/databases/sales", headers=headers).json()


def http_client(url: str) -> Timed:
    """Get the same bytes with the standard library."""
    from http.client import HTTPConnection

    connection = HTTPConnection(url.removeprefix("http://"))

    def get() -> object:
        connection.request("GET", "/v1/databases/sales", headers={"Authorization": f"Bearer {KEY}"})
        return json.loads(connection.getresponse().read())

    return get


def databricks(url: str) -> Timed:
    """Get one cluster with databricks-sdk."""
    sdk = importlib.import_module("databricks.sdk")
    client = sdk.WorkspaceClient(host=url, token=KEY)
    return lambda: client.clusters.get("sales")


def openai(url: str) -> Timed:
    """Get one model with openai."""
    client = importlib.import_module("openai").OpenAI(base_url=url, api_key=KEY)
    return lambda: client.models.retrieve("sales")


def stripe(url: str) -> Timed:
    """Get one customer with stripe."""
    module = importlib.import_module("stripe")
    client = module.StripeClient(KEY, base_addresses={"api": url})
    return lambda: client.v1.customers.retrieve("sales")


def githubkit(url: str) -> Timed:
    """Send one request with githubkit."""
    client = importlib.import_module("githubkit").GitHub(KEY, base_url=url, http_cache=False)
    return lambda: client.request("GET", "/repos/sales").json()


def bigquery(url: str) -> Timed:
    """Get one data set with google-cloud-bigquery."""
    credentials = importlib.import_module("google.auth.credentials").AnonymousCredentials()
    bigquery = importlib.import_module("google.cloud.bigquery")
    client = bigquery.Client("sales", credentials, client_options={"api_endpoint": url})
    return lambda: client.get_dataset("sales.sales")


def overlay_create(url: str) -> Timed:
    """Create a database through the client."""
    from bytehouse import ByteHouse

    client = ByteHouse(url, api_key=KEY, role="AccountAdmin")
    return lambda: client.databases.create("sales", description="Orders of all shops")


def httpx_create(url: str) -> Timed:
    """Send the same body with httpx."""
    import httpx

    client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})
    body = {"name": "sales", "description": "Orders of all shops"}
    return lambda: client.post(f"{url}/v1/databases", json=body).json()


def overlay_page(url: str) -> Timed:
    """List 100 tables through the client, as typed models."""
    from bytehouse import ByteHouse

    client = ByteHouse(url, api_key=KEY)
    return lambda: client.tables.list("sales", limit=100).all()


def httpx_page(url: str) -> Timed:
    """List the same tables with httpx, as decoded JSON."""
    import httpx

    client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})
    return lambda: client.get(f"{url}/v1/databases/sales/tables").json()


def _tables() -> bytes:
    from bench.server import TABLES

    return TABLES.split(b"\r\n\r\n", 1)[1]


def decode_models(_: str) -> Timed:
    """Decode a page of 100 tables to typed models, and read two fields of each."""
    import msgspec

    from bytehouse_raw.models import ListTablesResponse

    body = _tables()

    def decode() -> object:
        page = ListTablesResponse.from_dict(msgspec.json.decode(body))
        return [(table.name, table.row_count) for table in page.data or []]

    return decode


def decode_json(_: str) -> Timed:
    """Decode the same page with json.loads, and read the same fields."""
    body = _tables()
    return lambda: [(t.get("name"), t.get("noOfRows")) for t in json.loads(body)["data"]]


def decode_stock(_: str) -> Timed:
    """Decode the same page to the models that the generator makes by its own templates."""
    stock = importlib.import_module("bench.stock").models()
    body = _tables()

    def decode() -> object:
        page = stock.ListTablesResponse.from_dict(json.loads(body))
        return [(table.name, table.no_of_rows) for table in page.data or []]

    return decode


def _decoded_models(timestamps: bool) -> Timed:
    import msgspec

    from bytehouse_raw.models import Column, ListTablesResponse, Table

    body = _tables()

    def column(it: Column) -> object:
        return it.name, it.type, it.nullable, it.comment

    def table(it: Table) -> object:
        columns = [column(one) for one in it.columns or []]
        strings = it.name, it.type, it.uuid, it.database, it.engine, it.order_by
        times = (it.created_at, it.last_modified_at) if timestamps else None
        return columns, strings, it.row_count, it.size_in_bytes, times

    def decode() -> object:
        page = ListTablesResponse.from_dict(msgspec.json.decode(body))
        return [table(one) for one in page.data or []]

    return decode


def _decoded_json(timestamps: bool) -> Timed:
    body, timestamp = _tables(), datetime.fromisoformat

    def column(it: dict[str, Any]) -> object:
        get = it.get
        return get("name"), get("type"), get("nullable"), get("comment")

    def table(it: dict[str, Any]) -> object:
        get = it.get
        columns = [column(one) for one in get("columns") or []]
        kind, engine = get("type"), get("engine")
        strings = get("name"), kind, get("uuid"), get("databaseName"), engine, get("orderByKeys")
        times = (
            (timestamp(it["createdAt"]), timestamp(it["lastModifiedAt"])) if timestamps else None
        )
        return columns, strings, get("noOfRows"), get("sizeInBytes"), times

    return lambda: [table(one) for one in json.loads(body)["data"]]


def decode_models_all(_: str) -> Timed:
    """Decode the same page to typed models, and read all fields but the timestamps."""
    return _decoded_models(timestamps=False)


def decode_json_all(_: str) -> Timed:
    """Decode the same page with json.loads, and read the same."""
    return _decoded_json(timestamps=False)


def decode_models_timestamps(_: str) -> Timed:
    """Decode the same page to typed models, timestamps included, to the nanosecond."""
    return _decoded_models(timestamps=True)


def decode_json_timestamps(_: str) -> Timed:
    """Decode the same page with json.loads, and make datetimes of the timestamps."""
    return _decoded_json(timestamps=True)


def second_client(url: str) -> Timed:
    """Construct a further client."""
    from bytehouse import ByteHouse

    ByteHouse(url, api_key=KEY)
    return lambda: ByteHouse(url, api_key=KEY)


def with_options(url: str) -> Timed:
    """Make a view of a client."""
    from bytehouse import ByteHouse

    client = ByteHouse(url, api_key=KEY)
    return lambda: client.with_options(role="SystemAdmin", timeout=5)


def async_overlay(url: str) -> AsyncTimed:
    """Get one database through the asynchronous client."""
    from bytehouse import AsyncByteHouse

    client = AsyncByteHouse(url, api_key=KEY, role="AccountAdmin")
    return lambda: client.databases.get("sales")


def async_overlay_aiohttp(url: str) -> AsyncTimed:
    """Get one database through the asynchronous client, over aiohttp."""
    from bytehouse import AsyncByteHouse

    client = AsyncByteHouse(url, api_key=KEY, role="AccountAdmin", http="aiohttp")
    return lambda: client.databases.get("sales")


def async_httpx(url: str) -> AsyncTimed:
    """Get the same bytes with httpx.AsyncClient."""
    import httpx

    # Of a thousand concurrent calls, most wait for a connection longer than its default allows.
    timeout = httpx.Timeout(5, pool=None)
    client = httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}, timeout=timeout)

    async def get() -> Any:
        return (await client.get(f"{url}/v1/databases/sales")).json()

    return get


def async_aiohttp(url: str) -> AsyncTimed:
    """Get the same bytes with aiohttp."""
    aiohttp = importlib.import_module("aiohttp")
    session: Any = None

    async def get() -> Any:
        nonlocal session
        if session is None:
            session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"})
        async with session.get(f"{url}/v1/databases/sales") as answer:
            return await answer.json()

    return get


def _threads(get: Timed, count: int = 1000, threads: int = 16) -> Timed:
    pool = ThreadPoolExecutor(threads)
    return lambda: list(pool.map(lambda _: get(), range(count)))


def overlay_threads(url: str) -> Timed:
    """Make 1,000 calls through the client from 16 threads."""
    return _threads(overlay(url))


def httpx_threads(url: str) -> Timed:
    """Make 1,000 calls with httpx from 16 threads."""
    return _threads(httpx(url))


def _many(get: AsyncTimed, count: int = 1000) -> AsyncTimed:
    async def many() -> object:
        return await asyncio.gather(*(get() for _ in range(count)))

    return many


def async_overlay_1000(url: str) -> AsyncTimed:
    """Make 1,000 calls at once through the client."""
    return _many(async_overlay(url))


def async_overlay_aiohttp_1000(url: str) -> AsyncTimed:
    """Make 1,000 calls at once through the client, over aiohttp."""
    return _many(async_overlay_aiohttp(url))


def async_httpx_1000(url: str) -> AsyncTimed:
    """Make 1,000 calls at once with httpx."""
    return _many(async_httpx(url))


def async_aiohttp_1000(url: str) -> AsyncTimed:
    """Make 1,000 calls at once with aiohttp."""
    return _many(async_aiohttp(url))
