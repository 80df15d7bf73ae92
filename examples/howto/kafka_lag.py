"""Stream from Kafka, and watch the lag."""

import time

from bytehouse import ByteHouse, ImportConfiguration, KafkaConnection, KafkaSource

with ByteHouse() as bh:
    broker = bh.connections.create("broker", KafkaConnection(brokers="127.0.0.1:9092"))
    job = bh.import_jobs.create(
        "stream",
        configuration=ImportConfiguration(KafkaSource("orders"), "sales.orders", "APPEND"),
        connection_id=broker.id,
    )
    assert job.id is not None
    execution = bh.import_jobs.start(job.id)
    time.sleep(0.2)
    history = bh.executions.kafka_history(
        execution.id, partition=range(1), period="1h", granularity="1m"
    )
    print("lag by partition:", history.lag())
    print(history.to_pandas()[["start", "offset", "lag"]])
    bh.import_jobs.stop(job.id)
