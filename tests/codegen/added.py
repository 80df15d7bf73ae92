"""openapi.yaml with a tag, three operations and two models more, as a person would add them."""

from __future__ import annotations

from typing import Final

ADDED: Final = ("list_backups", "create_backup", "delete_backup")
_TAG: Final = """\
  - name: CloudBackups
    description: Copies of databases.
"""
_RESPONSE: Final = """\
      responses:
        '200':
          description: The call succeeded.
          content:
            application/json:
              schema: {{$ref: '#/components/schemas/{}'}}
        default: {{$ref: '#/components/responses/Error'}}
"""
_PATHS: Final = f"""
  /v1/backups:
    x-evidence: inferred
    get:
      operationId: list_backups
      tags: [CloudBackups]
      summary: List backups
      description: One page of the backups.
      x-evidence: inferred
      x-retry: read
      x-pagination: offset
      parameters:
        - $ref: '#/components/parameters/Offset'
        - $ref: '#/components/parameters/Limit'
        - $ref: '#/components/parameters/ActiveRole'
{_RESPONSE.format("ListBackupsResponse")}\
    post:
      operationId: create_backup
      tags: [CloudBackups]
      summary: Create a backup
      description: Copies a database.
      x-evidence: inferred
      x-retry: read-back
      parameters:
        - $ref: '#/components/parameters/ActiveRole'
      requestBody:
        required: true
        content:
          application/json:
            schema: {{$ref: '#/components/schemas/Backup'}}
{_RESPONSE.format("EmptyResponse")}
  /v1/backups/{{db_name}}:
    x-evidence: inferred
    delete:
      operationId: delete_backup
      tags: [CloudBackups]
      summary: Delete a backup
      description: Drops the copies of a database.
      deprecated: true
      x-evidence: inferred
      x-retry: idempotent
      parameters:
        - $ref: '#/components/parameters/DatabaseName'
        - $ref: '#/components/parameters/ActiveRole'
{_RESPONSE.format("EmptyResponse")}"""
_SCHEMAS: Final = """
    Backup:
      type: object
      description: A copy of a database.
      x-evidence: inferred
      required: [database]
      properties:
        database: {type: string, description: Name of the database.}
        bytes: {type: integer, description: Size.}
      additionalProperties: true
    ListBackupsResponse:
      type: object
      description: A page of backups.
      x-evidence: inferred
      properties:
        data: {type: array, items: {$ref: '#/components/schemas/Backup'}}
        meta: {$ref: '#/components/schemas/OffsetMeta'}
      additionalProperties: true
"""


def with_backups(text: str) -> str:
    """Return the content of openapi.yaml with the additions."""
    head, paths, rest = text.partition("\npaths:\n")
    middle, components, tail = rest.partition("\ncomponents:\n")
    return f"{head}\n{_TAG}{paths[1:]}{middle}{_PATHS}{components}{tail.rstrip()}{_SCHEMAS}"
