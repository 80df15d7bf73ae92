"""Load files of a bucket: connection, job, run and report in one call."""

import os

from bytehouse import ByteHouse, S3Connection

bucket = S3Connection(
    access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
    secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
    endpoint=os.environ.get("AWS_ENDPOINT_URL"),
)

with ByteHouse() as bh:
    report = bh.load("s3://shop/orders/*.csv", into="sales.orders", connection=bucket)
    print(report.rows_written, "rows written,", report.rows_refused, "refused")
    print("jobs left:", len(bh.import_jobs.list().all()))
