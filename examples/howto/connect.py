"""Connect, and see what the client uses and where each setting came from."""

from bytehouse import ByteHouse

with ByteHouse() as bh:  # BYTEHOUSE_HOST and BYTEHOUSE_API_KEY, or ByteHouse(host, api_key)
    print(bh.account.status().status)
    print(bh.config.explain())
