"""Call every operation with requests that the specification allows, and others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from bytehouse_emulator import RunningEmulator
from bytehouse_raw.operations import ROLE_HEADER
from tests.emulator.api import Api
from tests.support.operations import MODELLED

CHECKS: Final = [
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.content_type_conformance,
    checks.status_code_conformance,
    checks.ignored_auth,
]
SEED: Final = """
databases:
  - name: d
    mysql: {}
    tables:
      - name: t
        columns: [{name: k, type: UInt64}, {name: p, type: UInt64}]
        orderByKeys: [k]
        partitionKeys: [{column: p}]
        clusterKey: {expr: k, numBuckets: 2}
        rows: [[1, 1], [2, 2]]
statements:
  - query: |
      CREATE MATERIALIZED VIEW d.mv ENGINE = CnchMergeTree ORDER BY k AS SELECT k FROM d.t;
      CREATE DICTIONARY d.dict (k UInt64, p UInt64) PRIMARY KEY k
      SOURCE(CLICKHOUSE(DB 'd' TABLE 't')) LAYOUT(FLAT()) LIFETIME(0)
warehouses: [{name: w, configID: 123452}]
connections: [{name: c, type: KAFKA, data: {password: secret}}]
jobs:
  - name: j
    connection: c
    configuration:
      source: {type: KAFKA, format: JSON, properties: {topic: t}}
      target: {database: d, table: t}
kafka: [{topic: t, messages: 1000}]
"""


class Fuzzer:
    """Calls an emulator, and counts the statuses."""

    def __init__(self, emulator: RunningEmulator, specification: Path) -> None:
        self.statuses: Counter[int] = Counter()
        self.operations: set[str] = set()
        self._emulator = emulator
        self._headers = {"Authorization": f"Bearer {emulator.token}"}
        self._schema: Any = schemathesis.openapi.from_path(specification)
        self._session = requests.Session()
        self._session.trust_env = False
        self._known = self._fill()

    def run(self, examples: int) -> None:
        """Make so many calls of three kinds to each operation.

        Valid ones, valid ones about existing objects, and invalid ones.
        """
        with self._session:
            for result in self._schema.get_all_operations():
                operation = result.ok()
                if operation.definition.raw["operationId"] not in MODELLED:
                    continue
                self.operations.add(operation.label)
                known = self._path(operation)
                self._attempt(operation.as_strategy(), examples)
                self._attempt(operation.as_strategy(path_parameters=known), examples)
                self._attempt(operation.as_strategy(GenerationMode.NEGATIVE), examples)
                self._emulator.restore("filled")

    def _fill(self) -> dict[str, dict[str, object]]:
        """Create objects, and return their names by tag or operation."""
        made = self._emulator.seed(SEED)
        api = Api(self._emulator.url, self._emulator.token)
        with api.client:
            api.rows("SELECT 1", queryID="q")
            job = made["jobs"]["j"]
            execution = api.ok("start_import_job", {}, id=job)["data"]["id"]
            key = api.ok("create_api_key", {})["data"]["id"]
        self._emulator.snapshot("filled")
        names = {"db_name": "d", "table_name": "t", "mv_name": "mv", "dict_name": "dict"}
        executed = ("get_execution", "get_execution_logs", "get_kafka_history")
        connected = ("get_connection", "update_connection", "delete_connection")
        return {
            **{name: {"id": execution} for name in executed},
            **{name: {"id": made["connections"]["c"]} for name in connected},
            "Databases": names,
            "Cluster Status": names,
            "IAM": {"api_key_id": key},
            "Queries": {"id": "q"},
            "Statistics": {"id": "q"},
            "Data Loading": {"id": job},
            "Virtual Warehouse": {"name": "w"},
        }

    def _path(self, operation: Any) -> dict[str, object]:
        node = operation.definition.raw
        known = self._known.get(node["operationId"]) or self._known.get(node["tags"][0], {})
        return {name: value for name, value in known.items() if f"{{{name}}}" in operation.path}

    def _attempt(self, cases: st.SearchStrategy[Any], examples: int) -> None:
        @settings(
            max_examples=examples,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases)
        def attempt(case: Any) -> None:
            self._call(case)

        attempt()

    def _call(self, case: Any) -> None:
        if case.meta.generation.mode is GenerationMode.POSITIVE and case.headers:
            # A role that does not exist would fail nearly every call.
            case.headers.pop(ROLE_HEADER, None)
        target = {"base_url": self._emulator.url, "session": self._session}
        response = case.call(headers=self._headers, **target)
        self.statuses[response.status_code] += 1
        # A 501 names what is not modelled; it is a refusal and no fault.
        assert response.status_code in {501, *range(500)}, response.text
        case.validate_response(
            response, checks=CHECKS, headers=self._headers, transport_kwargs=target
        )
