"""Keep USE and SET from one statement to the next."""

from bytehouse import ByteHouse

with ByteHouse() as bh, bh.session() as session:
    session.execute("USE sales")
    print(session.query("SELECT count() FROM orders").scalar(), "orders")
