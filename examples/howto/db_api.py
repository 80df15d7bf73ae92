"""Use the DB-API, PEP 249, and pandas over it."""

from bytehouse import dbapi

with dbapi.connect(database="sales") as connection, connection.cursor() as cursor:
    cursor.execute("SELECT id, shop FROM orders WHERE id = %(id)s", {"id": 1})
    print(cursor.fetchall())
    cursor.executemany(
        "INSERT INTO orders (id, day, amount) VALUES (%(id)s, %(day)s, %(amount)s)",
        [{"id": 8, "day": "2026-11-06", "amount": "1.00"}],
    )
    print(cursor.rowcount, "inserted")
