"""Replace an API key before it expires; the old one is deleted once the new one is stored."""

from pathlib import Path

from bytehouse import ByteHouse, NewApiKey

KEY = Path("bytehouse.key")


def store(key: NewApiKey) -> None:
    """Put the key where your programs read it; it is shown only now."""
    KEY.touch(mode=0o600)
    KEY.write_text(key.secret.reveal())


with ByteHouse() as bh:
    print("expiring:", len(bh.api_keys.expiring(within="14d")))
    [old] = bh.api_keys.list()
    rotation = bh.api_keys.rotate(store=store, current_id=old.id, expires_in="60d")

with ByteHouse(api_key=f"file:{KEY}") as bh:
    print(len(rotation.steps), "steps,", len(bh.api_keys.list().all()), "key")
