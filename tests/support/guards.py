"""Take out each guard that SECURITY.md and docs/reliability.md name, and see a test fail for it.

`make guards` patches a copy of the client, runs the tests that the guard is to be held by, and
prints which fail; it ends with an error if none does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

__all__ = ["GUARDS", "Guard"]

ROOT = Path(__file__).parents[2]


@attrs.frozen
class Guard:
    """One guard, and what fails without it.

    Attributes:
        promise: What it is for.
        file: Where it is, below the client's package.
        code: A part of that file.
        without: What to write in its place.
        tests: File of the tests, below tests/.
        names: Which of them, as of pytest's -k.
    """

    promise: str
    file: str
    code: str
    without: str
    tests: str
    names: str


GUARDS = (
    Guard("a secret is no string", "_core/secrets.py", "return \"'***'\"",
          "return repr(self._plain)", "call/test_sending.py", "shows_itself_nowhere"),
    Guard("a secret is not written by %s", "_core/secrets.py",
          'return "***"\n\n    def __format__', "return self._plain\n\n    def __format__",
          "call/test_sending.py", "shows_itself_nowhere"),
    Guard("secrets are removed from errors", "_call/redaction.py",
          "if mask.length >= shortest:", "if False:", "core/test_redaction.py", "not slow"),
    Guard("secrets are found escaped", "_call/redaction.py", 'if b"\\\\" in text or',
          "if False and", "core/test_redaction.py", "each_encoding"),
    Guard("secrets are found in base64", "_call/redaction.py",
          "if self._base64[index] in text:", "if False:", "core/test_redaction.py", "encoding"),
    Guard("a proxy's words are not repeated", "_transport/http.py",
          'reason = f"the proxy returned {status[1]}" if status else "the proxy failed"',
          "reason = str(error)", "core/test_redaction.py", "proxy_says"),
    Guard("what is not HTTP is not repeated", "_transport/http.py",
          'if "bytearray(" in str(error):', "if False:", "core/test_redaction.py", "malformed"),
    Guard("no traceback holds the library's frames", "_transport/sync_transport.py",
          "raise ended.with_traceback(None)", "raise ended", "transport/test_interrupts.py",
          "sync-ours-read"),
    Guard("a library's lock is not waited for", "_transport/library_internals.py",
          "setattr(connection, name, nullcontext())", "pass", "transport/test_pool.py",
          "no_lock"),
    Guard("asynchronous slots are those that exist", "_transport/async_transport.py",
          "raise ended.with_traceback(None)", "raise ended", "transport/test_interrupts.py",
          "async-ours"),
    Guard("aiohttp loses no connection", "_transport/aiohttp.py",
          "                value.close()", "                pass", "transport/test_interrupts.py",
          "before_it_is_in_use"),
    Guard("plain http is for this machine", "_core/config.py",
          'if parts.scheme == "http" and not _is_loopback(host):', "if False:",
          "core/test_config.py", "invalid_host"),
    Guard("certificates are verified", "_transport/http.py", "        if brackets:\n",
          "        context.check_hostname = False\n        context.verify_mode = ssl.CERT_NONE\n"
          "        if brackets:\n", "core/test_config.py", "trusted"),
    Guard("redirects are not followed", "_transport/aiohttp.py", "allow_redirects=False",
          "allow_redirects=True", "call/test_sending.py",
          "redirects_are_not_followed"),
    Guard("plain http goes through no proxy", "_transport/proxies.py",
          'if parts.scheme == "http":', "if False:", "core/test_config.py",
          "never_for_this_machine"),
    Guard("a name addresses nothing else", "_api/routing.py", "return route.fill(values)",
          "return route.template.format(**values)", "call/test_sending.py",
          "address_something_else or any_name"),
    Guard("a header is one", "_core/options.py", "if not Secret(value).check(_is_header_value):",
          "if False:", "call/test_sending.py", "invalid_header or no_header"),
    Guard("what is unpacked is bounded", "_transport/decompression.py",
          "self._unpacker.decompress(data, MAX_PIECE)", "self._unpacker.decompress(data)",
          "transport/test_bodies.py", "bomb"),
    Guard("encodings are those asked for", "_transport/decompression.py",
          'if len(names) > 1 or not {"gzip", "x-gzip", "deflate"}.issuperset(names):', "if False:",
          "transport/test_bodies.py", "not_asked_for"),
    Guard("each read has the time left", "_transport/pool.py",
          "return self._stream.read(max_bytes, _remaining(timeout, httpcore.ReadTimeout))",
          "return self._stream.read(max_bytes, timeout)", "call/test_deadlines.py",
          "sync and outlive"),
    Guard("the asynchronous call has a time limit", "_transport/async_transport.py",
          "async with asyncio.timeout(timeout + 0.05):", "async with asyncio.timeout(None):",
          "call/test_deadlines.py", "async and outlive"),
    Guard("pages of a list share a deadline", "_async/paginator.py",
          "spent += clock.monotonic() - began", "pass", "call/test_deadlines.py", "pages"),
    Guard("what follows a response is not the next", "_transport/library_internals.py",
          "return bool(stream._connection._h11_state.trailing_data[0])", "return False",
          "transport/test_bodies.py", "what_follows"),
    Guard("JSON nested without end is an error of ours", "_core/json.py",
          "except RecursionError:", "except ZeroDivisionError:", "core/test_json.py",
          "nested or deep or json"),
    Guard("nothing runs twice", "_core/retry.py",
          "    if not cause.sent or cause.status == 429:", "    if True:",
          "recovery/test_exactly_once.py", "mixed"),
    Guard("what may arrive is not sent again", "_core/retry.py",
          "return self.status == 504 or (self.sent and self.timed_out)", "return False",
          "recovery/test_late_requests.py", "not_sent_again"),
    Guard("a resend waits for what was cut off", "_call/call.py",
          "wait = inf if cause.may_arrive else self._options.retry_policy.resend_after",
          "wait = inf if cause.may_arrive else 0.0", "recovery/test_late_requests.py",
          "held_up or cut_off"),
    Guard("a clock that jumps makes nothing new", "_call/call.py",
          "elapsed = time.monotonic() - self._created_at",
          "elapsed = self._settings.clock.monotonic() - self._began",
          "recovery/test_probes.py", "jumps"),
    Guard("a probe reads so many pages", "_call/call.py", "if pages >= MAX_PAGES or (", "if (",
          "recovery/test_probes.py", "bounded_number"),
    Guard("a probe keeps to the deadline", "_call/call.py",
          '"deadline": max(self._remaining, 0.001),', '"deadline": self._options.deadline,',
          "recovery/test_probes.py", "not_answered"),
    Guard("a wrong path is no absence", "_api/routing.py",
          "return not_found and error.by_service and not may_be_wrong_route(error)",
          "return not_found", "recovery/test_probes.py", "no_absence"),
    Guard("a budget bounds requests", "_core/retry.py", "            self._tokens.pop()\n",
          "            pass\n", "core/test_budget.py", "dead_server"),
    Guard("a fork has connections of its own", "_async/shared.py",
          "if self._pid != os.getpid():", "if False:", "client/test_sharing.py",
          "forked_process_uses"),
    Guard("a fork ends no query of its parent", "_async/result_stream.py",
          "if self._pid == os.getpid() and self._current and", "if self._current and",
          "client/queries/test_abandoned.py", "forked"),
    Guard("an abandoned result gives its slot back", "_transport/async_transport.py",
          "self._loop.call_soon_threadsafe(_abandon, self._response, self._slot)", "pass",
          "client/queries/test_abandoned.py", "left_early"),
    Guard("close() wakes who waits", "_transport/sync_transport.py",
          "        self._slots.close()\n", "", "transport/test_pool.py", "wakes"),
    Guard("aclose() wakes who reads", "_transport/aiohttp.py",
          "        self._fail_body()\n        super().close()", "        super().close()",
          "transport/test_pool.py", "wakes"),
    Guard("a role is that of a block in a thread or task", "_core/roles.py",
          'return {"role": roles[id(client)]} if id(client) in roles else {}', "return {}",
          "client/test_sharing.py", "serves"),
    Guard("a value of a stream is bounded", "_results/parser.py", "if self._kept > MAX_VALUE:",
          "if False:", "results/test_hostile.py", "endless_value"),
    Guard("what stands beside rows is bounded", "_results/parser.py",
          "MAX_BESIDE_ROWS = 1 << 24", "MAX_BESIDE_ROWS = 1 << 40", "results/test_hostile.py",
          "beside_the_rows"),
    Guard("parsing counts against the deadline", "_transport/sync_transport.py",
          "self._left -= seconds", "pass", "results/test_hostile.py", "against_the_deadline"),
    Guard("parsing lets other tasks run", "_core/turns.py", "LONGEST = 0.02", "LONGEST = 1e9",
          "results/test_hostile.py", "other_tasks"),
    Guard("the resolver is not waited for", "_transport/resolver.py",
          "done.get(timeout=timeout)", "done.get()", "transport/test_resolver.py", "not_respond"),
    Guard("a program does not wait for the resolver", "_transport/resolver.py", "daemon=True",
          "daemon=False", "transport/test_resolver.py", "not_respond"),
)  # fmt: skip


def _without(guard: Guard, folder: Path) -> None:
    """Take a guard out of a copy of the client, in both flavours."""
    shutil.copytree(ROOT / "overlay", folder, dirs_exist_ok=True)
    file = folder / "bytehouse" / guard.file
    text = file.read_text()
    assert guard.code in text, guard
    file.write_text(text.replace(guard.code, guard.without))
    derived = folder / "bytehouse" / guard.file.replace("_async/", "_sync/")
    if derived != file:
        derived.write_text(derived.read_text().replace(guard.code, guard.without))


def _fails(guard: Guard) -> list[str]:
    """Return the tests that fail without a guard."""
    with TemporaryDirectory() as folder:
        _without(guard, Path(folder))
        environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", "--timeout=60"]
        try:
            ran = subprocess.run(
                [*command, f"tests/{guard.tests}", "-k", guard.names],
                cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return ["(it never ended)"]
    lines = (ran.stdout + ran.stderr).splitlines()
    failed = [line.split()[1] for line in lines if line.startswith(("FAILED ", "ERROR "))]
    assert ran.returncode != 5, f"no test is called so: {guard}"
    return failed or ["(the run ended with an error)"] * (ran.returncode != 0)


def main(wanted: list[str]) -> int:
    """Take out each guard, or those whose promise has one of these words."""
    held = True
    for guard in GUARDS:
        if wanted and not any(word in guard.promise for word in wanted):
            continue
        failed = _fails(guard)
        held = held and bool(failed)
        print(f"{guard.promise:48} {failed[0] if failed else 'NO TEST FAILS'}", flush=True)  # noqa: T201
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
