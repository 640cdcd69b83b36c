"""What can be measured without a cluster: size, memory, CPU, and the times of one podmedic."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import kinds
from effort import Effort
from figures import Figure, Step
from podmedic import GRPC_PORT, Podmedic, Programs, model_server, podmedic
from sandbox import Sandbox
from waiting import let_pass

MODE = {"podmedic.io/mode": "Enforce"}
TWENTY = (
    ["grpc"] * 3 + ["http"] * 3 + ["tcpSocket"] * 2 + ["progress"] * 3 + ["logTail"] * 2 + ["process"] * 2
    + ["exec", "memory", "heartbeat", "credential", "connections", "configChange"]
)  # fmt: skip


def steps(programs: Programs, effort: Effort) -> Iterator[Step]:
    yield "size", lambda: [binary_size(programs)]
    yield f"first verdict: {effort.verdict_runs} starts", lambda: [first_verdict(programs, effort)]
    yield f"from the threshold to the exit: {effort.exit_runs} wedged servers", lambda: [threshold_to_exit(programs, effort)]
    yield f"memory and CPU with 20 probes: {effort.memory_runs} at once", lambda: twenty_probes(programs, effort)
    yield "CPU without probes", lambda: [idle_cpu(programs, effort)]
    yield f"CPU of a check, kind by kind: {effort.kind_rounds} rounds", lambda: cpu_by_kind(programs, effort)
    yield f"CPU of a gRPC check: {effort.check_rounds} rounds", lambda: [cpu_of_a_check(programs, effort)]


def probe(kind: str, target: object, **fields: object) -> str:
    return json.dumps({kind: target, **fields})


def binary_size(programs: Programs) -> Figure:
    path = programs.podmedic
    return Figure("binary_bytes", "bytes", [path.stat().st_size], f"stat {path.name}", at_most=8_000_000)


def first_verdict(programs: Programs, effort: Effort) -> Figure:
    """From just before exec(2) until podmedic says what the first check found."""
    annotations = {**MODE, "probe.podmedic.io/engine": probe("grpc", {"port": GRPC_PORT})}
    times = []
    with Sandbox() as sandbox, model_server(programs, sandbox):
        for _ in range(effort.verdict_runs):
            with podmedic(programs, sandbox, annotations, log_level="debug") as running:
                times.append((running.line_with(" check ", "verdict=Pass") - running.started) * 1000)
    return Figure("first_verdict_ms", "ms", times, "podmedic run --log-level debug, one grpc probe", at_most=15)


def threshold_to_exit(programs: Programs, effort: Effort) -> Figure:
    """From the failure that crosses the threshold until the process has ended with the restart code, without the time
    that is configured: the confirming check, which a wedged server keeps waiting for its whole timeout, and settling."""
    timeout, settle = 0.2, 1.0
    times_of = {"periodSeconds": timeout, "timeoutSeconds": timeout, "failureThreshold": 3}
    annotations = {
        **MODE,
        "probe.podmedic.io/engine": probe("grpc", {"port": GRPC_PORT}, **times_of),
        "podmedic.io/policy": json.dumps({"drain": {"settleSeconds": settle}}),
    }
    times = []
    with Sandbox() as sandbox, model_server(programs, sandbox) as server:
        for _ in range(effort.exit_runs):
            with podmedic(programs, sandbox, annotations, log_level="debug") as running:
                running.line_with(" check ", "verdict=Pass")
                server.signal(signal.SIGSTOP)
                crossed = running.line_with("reason=ProbeFailing")
                code, end = running.ended()
                server.signal(signal.SIGCONT)
                assert code == 88, f"expected podmedic to exit with 88, it was {code}"
                times.append((end - crossed - timeout - settle) * 1000)
    command = f"podmedic run, server wedged by SIGSTOP; the confirming check's {timeout:g} s and {settle:g} s of settling taken off"
    return Figure("threshold_to_exit_ms", "ms", times, command, at_most=150)


def twenty_probes(programs: Programs, effort: Effort) -> Iterator[Figure]:
    """One a second each. CPU includes what podmedic does besides: it looks at the Pod's processes once a second."""
    with ExitStack() as stack:
        all_running = []
        for _ in range(effort.memory_runs):
            sandbox = stack.enter_context(Sandbox())
            targets = stack.enter_context(kinds.well(programs, sandbox))
            annotations = dict(MODE)
            for number, kind in enumerate(TWENTY):
                annotations[f"probe.podmedic.io/{kind.lower()}-{number}"] = targets[kind].annotation(period_seconds=1)
            all_running.append(stack.enter_context(podmedic(programs, sandbox, annotations)))
        let_pass(effort.memory_seconds, "watching 20 probes")
        memory = [running.memory() for running in all_running]
        cpu = [running.cpu_seconds() * 60 / effort.memory_seconds for running in all_running]
        checks = [running.checks() for running in all_running]
    fewest = 15 * effort.memory_seconds
    assert min(checks) >= fewest, f"expected at least {fewest:.0f} checks, there were {checks}"
    command = f"podmedic run, 20 probes of all 12 kinds at 1 s, after {effort.memory_seconds:g} s"
    yield Figure("rss_bytes", "bytes", [rss for rss, _ in memory], command, at_most=6e6)
    yield Figure("anon_bytes", "bytes", [anon for _, anon in memory], command, at_most=1.3e6)
    yield Figure("cpu_20_probes_s_per_min", "s/min", cpu, command)


def cpu_by_kind(programs: Programs, effort: Effort) -> Iterator[Figure]:
    """Rounds of: podmedic without probes, and podmedic with probes of one kind, for each kind in turn."""
    used: dict[str, list[float]] = {}
    with Sandbox() as sandbox, kinds.well(programs, sandbox) as targets:
        for _ in range(effort.kind_rounds):
            with podmedic(programs, sandbox, MODE) as running:
                base, _ = _cpu_and_checks(running, effort.kind_seconds)
            for kind, target in targets.items():
                probes = {f"probe.podmedic.io/p{n}": target.annotation(period_seconds=0.1) for n in range(10)}
                with podmedic(programs, sandbox, {**MODE, **probes}) as running:
                    cpu, checks = _cpu_and_checks(running, effort.kind_seconds)
                assert checks >= 50 * effort.kind_seconds, f"{kind}: expected 100 checks/s, there were {checks / effort.kind_seconds:.0f}/s"
                used.setdefault(kind, []).append((cpu - base) / checks * 1e6)
    command = f"podmedic run, 10 probes at 0.1 s, CPU/checks over {effort.kind_seconds:g} s, less its CPU without probes"
    for kind, samples in used.items():
        yield Figure(f"cpu_us_per_check_{kind}", "us", samples, command)


def idle_cpu(programs: Programs, effort: Effort) -> Figure:
    with Sandbox() as sandbox, podmedic(programs, sandbox, MODE) as running:
        let_pass(effort.idle_seconds, "watching podmedic without probes")
        used = running.cpu_seconds() * 60 / effort.idle_seconds
    return Figure("idle_cpu_s_per_min", "s/min", [used], f"podmedic run without probes, {effort.idle_seconds:g} s, its start included")


def cpu_of_a_check(programs: Programs, effort: Effort) -> Figure:
    """Rounds of: podmedic without probes, podmedic with 20 probes on held channels, and the peer's processes."""
    probes = {f"probe.podmedic.io/grpc-{n}": probe("grpc", {"port": GRPC_PORT}, periodSeconds=0.1) for n in range(20)}
    ours, peers, shares = [], [], []
    with Sandbox() as sandbox, model_server(programs, sandbox):
        for _ in range(effort.check_rounds):
            with podmedic(programs, sandbox, MODE) as running:
                base, _ = _cpu_and_checks(running, effort.check_seconds)
            with podmedic(programs, sandbox, {**MODE, **probes}) as running:
                used, checks = _cpu_and_checks(running, effort.check_seconds)
            assert checks >= 100 * effort.check_seconds, f"expected 200 checks/s, there were {checks / effort.check_seconds:.0f}/s"
            ours.append((used - base) / checks * 1e6)
            shares.append(base / effort.check_seconds * 1e6)
            peers.append(_cpu_of_processes(programs, sandbox, effort.processes_a_round))
    command = f"podmedic run, 20 grpc probes at 0.1 s, CPU/checks over {effort.check_seconds:g} s, less its CPU without probes"
    return Figure(
        "cpu_us_per_grpc_check",
        "us",
        ours,
        command,
        peer="grpc-health-probe, a process per check",
        peer_samples=peers,
        ratio_at_most=1 / 50,
        details={"base_us_per_s": shares},
    )


def _cpu_and_checks(running: Podmedic, seconds: float) -> tuple[float, int]:
    """CPU seconds and checks of a while that begins when connections are open."""
    let_pass(1)
    checks, cpu = running.checks(), running.cpu_seconds()
    let_pass(seconds)
    cpu = running.cpu_seconds() - cpu
    return cpu, running.checks() - checks


def _cpu_of_processes(programs: Programs, sandbox: Sandbox, count: int) -> float:
    """The median CPU time, in microseconds, of a grpc-health-probe that makes one check."""
    command = [str(programs.grpc_health_probe), f"-addr=127.0.0.1:{GRPC_PORT}"]
    script = Path(__file__).with_name("rusage.py")
    done = subprocess.run(
        [*sandbox.enter(), sys.executable, str(script), str(count), *command], capture_output=True, text=True, check=True
    )
    return statistics.median(float(line) for line in done.stdout.split()) * 1e6
