"""The cases: each peer doing the same thing in the manner of its own documentation.

A case is a function of the server's address that returns what to time, in a process of its own.
"""

import asyncio
import importlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

KEY = "bench:key"
Timed = Callable[[], object]
AsyncTimed = Callable[[], Awaitable[object]]


def overlay(url: str) -> Timed:
    """Take one database through the client: auth, role, envelope, typed model."""
    from bytehouse import ByteHouse

    client = ByteHouse(url, api_key=KEY, role="AccountAdmin")
    return lambda: client.databases.get("sales")


def httpx(url: str) -> Timed:
    """Take the same bytes with httpx, as decoded JSON."""
    import httpx

    client = httpx.Client(headers={"Authorization": f"Bearer {KEY}"})
    return lambda: client.get(f"{url}/v1/databases/sales").json()


def httpx_transport(url: str) -> Timed:
    """Take the same bytes with httpx's transport alone: what the library costs at the least."""
    import httpx

    transport = httpx.HTTPTransport()
    request = httpx.Request("GET", f"{url}/v1/databases/sales")
    return lambda: json.loads(transport.handle_request(request).read())


def requests(url: str) -> Timed:
    """Take the same bytes with requests."""
    requests = importlib.import_module("requests")
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {KEY}"
    return lambda: session.get(f"{url}/v1/databases/sales").json()


def urllib3(url: str) -> Timed:
    """Take the same bytes with urllib3."""
    pool = importlib.import_module("urllib3").PoolManager()
    headers = {"Authorization": f"Bearer {KEY}"}
    return lambda: pool.request("GET", f"{url}/v1/databases/sales", headers=headers).json()


def http_client(url: str) -> Timed:
    """Take the same bytes with the standard library."""
    from http.client import HTTPConnection

    connection = HTTPConnection(url.removeprefix("http://"))

    def get() -> object:
        connection.request("GET", "/v1/databases/sales", headers={"Authorization": f"Bearer {KEY}"})
        return json.loads(connection.getresponse().read())

    return get


def databricks(url: str) -> Timed:
    """Take one cluster with databricks-sdk."""
    sdk = importlib.import_module("databricks.sdk")
    client = sdk.WorkspaceClient(host=url, token=KEY)
    return lambda: client.clusters.get("sales")


def openai(url: str) -> Timed:
    """Take one model with openai."""
    client = importlib.import_module("openai").OpenAI(base_url=url, api_key=KEY)
    return lambda: client.models.retrieve("sales")


def stripe(url: str) -> Timed:
    """Take one customer with stripe."""
    module = importlib.import_module("stripe")
    client = module.StripeClient(KEY, base_addresses={"api": url})
    return lambda: client.v1.customers.retrieve("sales")


def githubkit(url: str) -> Timed:
    """Send one request with githubkit."""
    client = importlib.import_module("githubkit").GitHub(KEY, base_url=url, http_cache=False)
    return lambda: client.request("GET", "/repos/sales").json()


def bigquery(url: str) -> Timed:
    """Take one data set with google-cloud-bigquery."""
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


def decode_models(_: str) -> Timed:
    """Decode a page of 100 tables to typed models, and read two fields of each."""
    import msgspec

    from bench.server import TABLES
    from bytehouse_raw.models import ListTablesResponse

    body = TABLES.split(b"\r\n\r\n", 1)[1]

    def decode() -> object:
        page = ListTablesResponse.from_dict(msgspec.json.decode(body))
        return [(table.name, table.no_of_rows) for table in page.data or []]

    return decode


def decode_json(_: str) -> Timed:
    """Decode the same page with json.loads, and read the same fields."""
    from bench.server import TABLES

    body = TABLES.split(b"\r\n\r\n", 1)[1]
    return lambda: [(t["name"], t["noOfRows"]) for t in json.loads(body)["data"]]


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
    """Take one database through the asynchronous client."""
    from bytehouse import AsyncByteHouse

    client = AsyncByteHouse(url, api_key=KEY, role="AccountAdmin")
    return lambda: client.databases.get("sales")


def async_httpx(url: str) -> AsyncTimed:
    """Take the same bytes with httpx.AsyncClient."""
    import httpx

    client = httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"})

    async def get() -> Any:
        return (await client.get(f"{url}/v1/databases/sales")).json()

    return get


def async_aiohttp(url: str) -> AsyncTimed:
    """Take the same bytes with aiohttp."""
    aiohttp = importlib.import_module("aiohttp")
    session: Any = None

    async def get() -> Any:
        nonlocal session
        if session is None:
            session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"})
        async with session.get(f"{url}/v1/databases/sales") as answer:
            return await answer.json()

    return get


def _many(get: AsyncTimed, count: int = 1000) -> AsyncTimed:
    async def many() -> object:
        return await asyncio.gather(*(get() for _ in range(count)))

    return many


def async_overlay_1000(url: str) -> AsyncTimed:
    """Make 1,000 calls at once through the client."""
    return _many(async_overlay(url))


def async_httpx_1000(url: str) -> AsyncTimed:
    """Make 1,000 calls at once with httpx."""
    return _many(async_httpx(url))
