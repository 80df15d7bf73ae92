"""See the roles, give one to a user, and act under one."""

from bytehouse import ByteHouse

USER = 1336688750

with ByteHouse() as bh:
    print(sorted(role.name for role in bh.roles.list()))
    bh.assignments.assign(USER, "Analyst")
    print([held.role_name for held in bh.assignments.list(user_id=USER)])
    with bh.role("AccountAdmin"):  # in this thread or task alone
        print(bh.databases.get("sales").name)
    bh.assignments.unassign(USER, "Analyst")
