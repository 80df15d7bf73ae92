"""Define an import job to keep, run it, and see what it did."""

from bytehouse import ByteHouse, ImportConfiguration, LocalSource

configuration = ImportConfiguration(
    LocalSource("orders.csv", header=True),  # S3Source, KafkaSource ...: with a connection_id
    into="sales.orders",
    load_mode="APPEND",
    warehouse="etl",
)

with ByteHouse() as bh:
    job = bh.import_jobs.create("orders", configuration=configuration)
    assert job.id is not None
    report = bh.import_jobs.start(job.id).wait(timeout=600)
    print(report.rows_read, "read,", report.rows_written, "written")
    for execution in bh.import_jobs.executions(job.id):
        print(execution.status, [line.message for line in bh.executions.logs(execution.id)])
    bh.import_jobs.delete(job.id)
