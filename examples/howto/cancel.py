"""Stop a query: by a time-out, by leaving a block, or from its handle."""

from bytehouse import ByteHouse, ByteHouseError

ENDLESS = "SELECT count() FROM system.numbers WHERE NOT ignore(number)"

with ByteHouse() as bh:
    try:
        bh.query(ENDLESS, timeout=0.5)  # Ctrl-C and a cancelled task stop it as well
    except ByteHouseError as error:
        print(type(error).__name__)
    handle = bh.queries.submit(ENDLESS)
    handle.cancel()
    print(handle.status().status)
