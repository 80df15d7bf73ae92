"""Run a long query in the background, and read its result later, elsewhere too."""

from bytehouse import ByteHouse

with ByteHouse() as bh:
    handle = bh.queries.submit("SELECT count() FROM sales.orders")
    print("submitted")  # handle.id is all that another process needs
    later = bh.queries.handle(*handle.ids)
    later.wait(timeout=3600)
    print("orders:", later.result().scalar())
